#include "text/words.h"

#include "text/letters.h"

/* Sorted by bytes. Closed word classes, numbers and units, and what letters and calendars repeat
 * without telling. */
static const char *const stop_words[] = {
    "a", "aan", "ab", "aber", "about", "above", "aby", "acht", "add", "after", "afternoon", "again",
    "against", "al", "ale", "algo", "all", "alla", "alle", "allem", "allen", "aller", "alles",
    "almost", "along", "already", "als", "also", "although", "always", "am", "ama", "among", "an",
    "anche", "and", "andere", "anderen", "anderer", "andra", "another", "ante", "antes", "any",
    "anyone", "anything", "ao", "aos", "apr", "april", "are", "aren't", "around", "as", "at", "att",
    "au", "auch", "auf", "aug", "august", "aus", "aux", "av", "avec", "away", "az", "až", "back",
    "bara", "bare", "be", "became", "because", "become", "been", "before", "bei", "beim", "being",
    "below", "ben", "best", "between", "bez", "bij", "bin", "bir", "bis", "bist", "bitte", "biz",
    "ble", "blev", "blive", "both", "bu", "but", "by", "byl", "bylo", "być", "był", "była", "było",
    "být", "c'est", "ca", "call", "can", "can't", "cannot", "care", "ce", "ceci", "cela", "cent",
    "cents", "ces", "cet", "cette", "che", "chez", "chf", "chi", "ci", "click", "cm", "co", "com",
    "come", "comme", "como", "con", "contra", "could", "couldn't", "csak", "cu", "cual", "cuando",
    "cui", "czy", "d'un", "d'une", "da", "daar", "dabei", "dadurch", "dafür", "dagegen", "daha",
    "daher", "daily", "dal", "dalla", "damit", "dan", "danach", "dann", "dans", "daran", "darauf",
    "daraus", "darf", "das", "dass", "dat", "date", "datum", "davon", "day", "days", "dazu", "de",
    "dear", "dec", "december", "dei", "dein", "deine", "del", "della", "delle", "dem", "den",
    "denn", "denne", "der", "deres", "des", "desde", "deshalb", "dessen", "det", "deze", "dezember",
    "değil", "di", "did", "didn't", "die", "dienstag", "dies", "diese", "diesem", "diesen",
    "dieser", "dieses", "din", "dit", "dla", "do", "doch", "does", "doesn't", "doing", "dollar",
    "dollars", "don't", "donc", "donde", "done", "donnerstag", "dont", "door", "dort", "dos",
    "double", "dove", "down", "dr", "drei", "du", "durch", "during", "där", "då", "e", "e.g",
    "each", "ed", "een", "efter", "egy", "ei", "eight", "ein", "eine", "einem", "einen", "einer",
    "eines", "either", "el", "ela", "ele", "eleven", "ella", "ellas", "elle", "eller", "elles",
    "ellos", "else", "em", "en", "enough", "entre", "er", "era", "es", "esa", "ese", "eso", "essa",
    "esse", "est", "esta", "este", "esto", "estos", "está", "et", "etc", "ett", "että", "etwas",
    "eu", "euch", "euer", "eur", "eure", "euro", "euro's", "euros", "even", "evening", "ever",
    "every", "everyone", "everything", "example", "ez", "fait", "feb", "februar", "february", "fel",
    "few", "fifty", "finns", "first", "five", "foi", "for", "fordi", "forty", "four", "fourth",
    "fra", "frau", "freitag", "fri", "friday", "from", "från", "fue", "further", "får", "för",
    "fünf", "für", "gbp", "gdy", "geen", "gegen", "get", "gets", "getting", "gewesen", "gibi",
    "give", "given", "gives", "gli", "go", "goes", "going", "gone", "got", "gruß", "grüße", "ha",
    "hab", "habe", "haben", "had", "hade", "half", "han", "hans", "har", "has", "hat", "hatte",
    "hatten", "havde", "have", "having", "hay", "he", "heb", "heeft", "hello", "hence", "her",
    "here", "herr", "hers", "herself", "het", "hi", "hier", "hij", "him", "himself", "hin",
    "hinter", "his", "ho", "hoe", "hogy", "hon", "hour", "hours", "how", "however", "htm", "html",
    "http", "https", "hun", "hundred", "hvis", "hvor", "há", "hän", "här", "i", "i'll", "i'm",
    "i've", "i.e", "ich", "if", "ihm", "ihn", "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer",
    "ik", "ikke", "il", "ile", "ils", "im", "in", "indem", "ins", "inte", "into", "io", "is",
    "isn't", "isso", "ist", "isto", "it", "it's", "item", "items", "its", "itself", "için", "j'ai",
    "ja", "jag", "jahr", "jahre", "jak", "jako", "jan", "januar", "january", "je", "jede", "jedem",
    "jeden", "jeder", "jedes", "jedoch", "jeg", "jego", "jeho", "jej", "jen", "jene", "jest",
    "jeszcze", "jetzt", "již", "joka", "jsem", "jsou", "jul", "juli", "july", "jun", "june", "juni",
    "just", "już", "já", "kadar", "kan", "kann", "kannst", "keep", "kein", "keine", "keinem",
    "keinen", "keiner", "kept", "kg", "ki", "kind", "km", "know", "kommer", "která", "které",
    "který", "która", "które", "który", "kuin", "kun", "kwh", "können", "könnte", "l'on", "la",
    "las", "last", "le", "least", "lei", "les", "less", "lesz", "let", "let's", "leur", "leurs",
    "lhe", "liebe", "lieber", "like", "likely", "lo", "look", "loro", "los", "lub", "lui", "ma",
    "maar", "machen", "made", "mai", "mais", "make", "makes", "making", "man", "many", "mar",
    "march", "mas", "may", "maybe", "me", "mean", "med", "meer", "meg", "mehr", "mein", "meine",
    "meinem", "meinen", "meiner", "men", "mes", "met", "meu", "mg", "mi", "mich", "might", "mijn",
    "min", "mine", "minha", "mint", "minute", "minutes", "mir", "mis", "mit", "mittwoch", "ml",
    "mm", "mnie", "mod", "moi", "mon", "monat", "monate", "monday", "montag", "month", "monthly",
    "months", "more", "morning", "most", "mot", "może", "można", "mr", "mrs", "ms", "much", "muito",
    "muss", "musste", "must", "mutta", "muy", "my", "mycket", "myself", "myös", "má", "már", "más",
    "märz", "még", "même", "n'est", "na", "naar", "nach", "nad", "nas", "ne", "near", "nebo",
    "need", "needs", "nei", "neither", "nel", "nella", "nem", "net", "neun", "never", "new", "next",
    "nicht", "nichts", "nie", "niet", "night", "niin", "nine", "no", "nobody", "noch", "noen",
    "nog", "noget", "nogle", "noi", "non", "none", "nor", "nos", "not", "nothing", "notre", "nous",
    "nov", "november", "now", "nr", "nu", "number", "nun", "nur", "não", "när", "någon", "når",
    "nós", "o", "ob", "och", "också", "oct", "october", "od", "oder", "of", "off", "often", "og",
    "også", "ohne", "oktober", "olan", "olarak", "oli", "olla", "om", "omdat", "on", "ona", "once",
    "onder", "one", "oni", "onlar", "only", "ons", "ont", "onto", "ook", "op", "or", "oraz", "org",
    "os", "other", "others", "ou", "our", "ours", "ourselves", "out", "ovat", "over", "own", "où",
    "page", "par", "para", "pas", "pe", "pedig", "pela", "pelo", "pentru", "per", "percent",
    "perhaps", "pero", "però", "php", "più", "place", "please", "plus", "po", "pod", "podle", "por",
    "porque", "pound", "pounds", "pour", "pro", "przez", "przy", "put", "på", "při", "qu", "qu'il",
    "quale", "quando", "que", "quel", "quella", "quelle", "quello", "quem", "questa", "questo",
    "qui", "quien", "quite", "rather", "re", "really", "regards", "s", "sa", "said", "same",
    "samstag", "sans", "sat", "saturday", "sau", "say", "says", "se", "sea", "sechs", "second",
    "seconds", "see", "seem", "seen", "seg", "sehr", "sein", "seine", "seinem", "seinen", "seiner",
    "seit", "seite", "sekä", "sem", "sen", "sep", "sept", "september", "ser", "ses", "seu", "seus",
    "seven", "several", "shall", "she", "should", "shouldn't", "si", "sich", "sie", "sieben", "sig",
    "sin", "since", "sincerely", "sind", "sitt", "six", "siz", "się", "ska", "skal", "skulle", "so",
    "sobald", "sobre", "sofern", "soll", "sollte", "som", "some", "someone", "something", "son",
    "sondern", "sonntag", "sono", "sonra", "sonst", "sont", "soon", "sowie", "st", "still", "su",
    "sua", "such", "sul", "sulla", "sum", "sun", "sunday", "suo", "sur", "sure", "sus", "så", "să",
    "są", "ta", "tag", "tage", "tai", "tak", "take", "taken", "takes", "také", "także", "también",
    "também", "te", "tego", "tej", "tem", "ten", "tes", "than", "thank", "thanks", "that", "that's",
    "the", "their", "theirs", "them", "themselves", "then", "there", "there's", "therefore",
    "these", "they", "they're", "thing", "things", "third", "thirty", "this", "those", "though",
    "thousand", "three", "through", "thu", "thursday", "thus", "ti", "tiene", "til", "till", "time",
    "times", "to", "today", "today's", "together", "toi", "tomorrow", "ton", "too", "took", "tot",
    "total", "tous", "tout", "toward", "tra", "très", "tu", "tue", "tuesday", "twelve", "twenty",
    "two", "ty", "tych", "tylko", "tym", "u", "ud", "uhr", "uit", "um", "uma", "un", "una", "und",
    "under", "une", "unless", "uno", "unos", "uns", "unser", "unsere", "unter", "until", "up",
    "upon", "us", "usd", "use", "used", "uses", "using", "usually", "ut", "utan", "v", "vagy",
    "vain", "van", "var", "vara", "varit", "ve", "ved", "veel", "very", "veya", "vi", "via", "vid",
    "viel", "vier", "vil", "você", "voi", "volt", "vom", "von", "voor", "vor", "vos", "votre",
    "vous", "være", "w", "waar", "wann", "want", "war", "waren", "warum", "was", "wasn't", "wat",
    "way", "we", "we'll", "we're", "we've", "wed", "wednesday", "week", "weekly", "weeks", "weil",
    "weiter", "wel", "welche", "welchem", "welchen", "welcher", "welches", "well", "wenn", "wer",
    "werd", "werde", "werden", "were", "weren't", "what", "whatever", "when", "where", "whether",
    "which", "while", "who", "whole", "whom", "whose", "why", "wie", "wieder", "wij", "will", "wir",
    "wird", "wirst", "with", "within", "without", "więc", "wo", "woche", "wochen", "wohl", "won't",
    "worden", "wordt", "would", "wouldn't", "www", "wy", "würde", "würden", "y", "ya", "year",
    "yearly", "years", "yes", "yesterday", "yet", "yok", "you", "you'll", "you're", "you've",
    "your", "yours", "yourself", "yourselves", "z", "za", "ze", "zehn", "zero", "zich", "zij",
    "zijn", "zo", "zou", "zu", "zum", "zur", "zwei", "zwischen", "à", "às", "än", "är", "ça", "çok",
    "è", "és", "été", "être", "în", "över", "über", "że", "že", "și", "από", "για", "δεν", "είναι",
    "η", "θα", "και", "με", "μια", "να", "ο", "οι", "που", "σε", "στην", "στο", "τα", "τη", "της",
    "το", "τον", "του", "των", "а", "або", "але", "без", "более", "больше", "будет", "будто", "бы",
    "был", "была", "были", "было", "быть", "в", "вам", "вас", "вдруг", "ведь", "во", "вот",
    "впрочем", "все", "всегда", "всего", "всех", "всю", "вы", "від", "где", "да", "даже", "два",
    "для", "до", "другой", "его", "ее", "ей", "ему", "если", "есть", "еще", "ж", "же", "з", "за",
    "зачем", "здесь", "и", "из", "или", "им", "иногда", "их", "його", "к", "как", "какая", "какой",
    "когда", "конечно", "кто", "куда", "ли", "лучше", "между", "меня", "мне", "много", "может",
    "можно", "мой", "моя", "мы", "на", "над", "надо", "наконец", "нас", "не", "него", "нее", "ней",
    "нельзя", "нет", "ни", "нибудь", "никогда", "ним", "них", "ничего", "но", "ну", "о", "об",
    "один", "он", "она", "они", "опять", "от", "перед", "по", "под", "после", "потом", "потому",
    "почти", "при", "про", "раз", "разве", "с", "сам", "свою", "себе", "себя", "сейчас", "со",
    "совсем", "та", "так", "также", "також", "такой", "там", "тебя", "тем", "теперь", "то", "тогда",
    "того", "тоже", "только", "том", "тот", "три", "тут", "ты", "у", "уж", "уже", "хорошо", "хоть",
    "це", "чего", "чем", "через", "что", "чтоб", "чтобы", "чуть", "що", "эти", "это", "этого",
    "этой", "этом", "этот", "эту", "я", "является", "як", "який", "які", "є", "і", "її", "أن", "أو",
    "أي", "إلى", "إن", "التي", "الذي", "بعد", "بين", "تلك", "ثم", "حتى", "ذلك", "على", "عن", "عند",
    "في", "قبل", "قد", "كان", "كانت", "كل", "كما", "لا", "لكن", "لم", "لن", "ما", "مع", "من", "هذا",
    "هذه", "هناك", "هو", "هي", "و", "وقد", "وكان"};

bool word_is_stop(Str folded)
{
    return str_in_sorted(folded, stop_words, sizeof stop_words / sizeof *stop_words);
}

static bool is_joint(uint32_t c)
{
    return c == '\'' || c == '-' || c == 0x2019 || c == 0x2010 || c == 0x2011;
}

/* Behind the run of unspaced characters that begins at `at`: four of them at most. */
static size_t unspaced_end(Str text, size_t at)
{
    for (int i = 0; i < 4 && at < text.len; i++) {
        size_t next = at;
        if (!letter_is_unspaced(utf8_next(text, &next)))
            break;
        at = next;
    }
    return at;
}

bool word_next(Str text, size_t *at, size_t *start, size_t *end)
{
    size_t here = *at, next = here;
    uint32_t c = 0;
    while (here < text.len && !letter_is_word(c = utf8_next(text, &next)))
        here = next;
    if (here >= text.len)
        return false;
    *start = here;
    if (letter_is_unspaced(c)) {
        *end = *at = unspaced_end(text, here);
        return true;
    }
    size_t stop = next;
    while (stop < text.len) {
        next = stop;
        c = utf8_next(text, &next);
        if (is_joint(c) && next < text.len) {
            size_t behind = next;
            c = utf8_next(text, &behind);
            next = behind;
        }
        if (!letter_is_word(c) || letter_is_unspaced(c))
            break;
        stop = next;
    }
    *end = *at = stop;
    return true;
}

Str word_fold(Str word, char *room)
{
    size_t n = 0;
    if (word.len > WORD_MAX)
        return (Str){room, 0};
    for (size_t at = 0; at < word.len;) {
        uint32_t c = utf8_next(word, &at);
        char bytes[4];
        size_t len = utf8_put(c == 0x2019 ? '\'' : letter_lower(c), bytes);
        if (n + len > WORD_MAX)
            return (Str){room, 0};
        memcpy(room + n, bytes, len);
        n += len;
    }
    return (Str){room, n};
}

/* ---- phrases --------------------------------------------------------------------------------- */

static bool is_word_byte(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 0x80 || letter_is_word(u);
}

bool words_has(Str s, const char *phrase)
{
    Str w = str_of(phrase);
    for (size_t i = 0; i + w.len <= s.len; i++) {
        if ((s.ptr[i] | 0x20) != (w.ptr[0] | 0x20) || (i > 0 && is_word_byte(s.ptr[i - 1])) ||
            (i + w.len < s.len && is_word_byte(s.ptr[i + w.len])))
            continue;
        if (str_eq_nocase(str_sub(s, i, i + w.len), w))
            return true;
    }
    return false;
}

bool words_has_any(Str s, const char *const *phrases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (words_has(s, phrases[i]))
            return true;
    return false;
}

bool words_has_money(Str s)
{
    static const char *const marks[] = {"$", "\xE2\x82\xAC", "\xC2\xA3"};
    static const char *const names[] = {"eur", "euro", "euros", "usd", "gbp", "chf", "dollar",
        "dollars", "pounds", "cents"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (str_find(s, str_of(marks[i]), 0) != SIZE_MAX)
            return true;
    return words_has_any(s, names, sizeof names / sizeof *names);
}
