#include "text/words.h"

#include "text/letters.h"

/* Sorted by bytes. Closed word classes, numbers and units, and what letters and calendars repeat
 * without telling. */
static const char *const stop_words[] = {
    "a", "aan", "ab", "aber", "about", "above", "acht", "add", "after", "afternoon", "again",
    "against", "al", "algo", "all", "alla", "alle", "allem", "allen", "aller", "alles", "almost",
    "along", "already", "als", "also", "although", "always", "am", "among", "an", "anche", "and",
    "andere", "anderen", "anderer", "another", "ante", "antes", "any", "anyone", "anything", "ao",
    "aos", "apr", "april", "are", "aren't", "around", "as", "at", "au", "auch", "auf", "aug",
    "august", "aus", "aux", "avec", "away", "back", "be", "became", "because", "become", "been",
    "before", "bei", "beim", "being", "below", "best", "between", "bij", "bin", "bis", "bist",
    "bitte", "both", "but", "by", "c'est", "call", "can", "can't", "cannot", "ce", "ceci", "cela",
    "cent", "cents", "ces", "cet", "cette", "che", "chez", "chf", "chi", "ci", "cm", "com",
    "come", "comme", "como", "con", "contra", "could", "couldn't", "cual", "cuando", "cui",
    "d'un", "d'une", "da", "daar", "dabei", "dadurch", "dafür", "dagegen", "daher", "daily",
    "dal", "dalla", "damit", "dan", "danach", "dann", "dans", "daran", "darauf", "daraus", "darf",
    "das", "dass", "dat", "date", "datum", "davon", "day", "days", "dazu", "de", "dear", "dec",
    "december", "dei", "dein", "deine", "del", "della", "delle", "dem", "den", "denn", "der",
    "des", "desde", "deshalb", "dessen", "deze", "dezember", "di", "did", "didn't", "die",
    "dienstag", "dies", "diese", "diesem", "diesen", "dieser", "dieses", "dit", "do", "doch",
    "does", "doesn't", "doing", "dollar", "dollars", "don't", "donc", "donde", "done",
    "donnerstag", "dont", "door", "dort", "dos", "double", "dove", "down", "dr", "drei", "du",
    "durch", "during", "e", "each", "ed", "een", "eight", "ein", "eine", "einem", "einen",
    "einer", "eines", "either", "el", "ela", "ele", "eleven", "ella", "ellas", "elle", "elles",
    "ellos", "else", "em", "en", "enough", "entre", "er", "era", "es", "esa", "ese", "eso",
    "essa", "esse", "est", "esta", "este", "esto", "estos", "está", "et", "etc", "etwas", "eu",
    "euch", "euer", "eur", "eure", "euro", "euro's", "euros", "even", "evening", "ever", "every",
    "everyone", "everything", "fait", "feb", "februar", "february", "few", "fifty", "first",
    "five", "foi", "for", "forty", "four", "fourth", "frau", "freitag", "fri", "friday", "from",
    "fue", "further", "fünf", "für", "gbp", "geen", "gegen", "get", "gets", "getting",
    "gewesen", "give", "given", "gives", "gli", "go", "goes", "going", "gone", "got", "gruß",
    "grüße", "ha", "hab", "habe", "haben", "had", "half", "has", "hat", "hatte", "hatten",
    "have", "having", "hay", "he", "heb", "heeft", "hello", "hence", "her", "here", "herr",
    "hers", "herself", "het", "hi", "hier", "hij", "him", "himself", "hin", "hinter", "his", "ho",
    "hoe", "hour", "hours", "how", "however", "hun", "hundred", "há", "i", "i'll", "i'm", "i've",
    "ich", "if", "ihm", "ihn", "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "ik", "il",
    "ils", "im", "in", "indem", "ins", "into", "io", "is", "isn't", "isso", "ist", "isto", "it",
    "it's", "its", "itself", "j'ai", "ja", "jahr", "jahre", "jan", "januar", "january", "je",
    "jede", "jedem", "jeden", "jeder", "jedes", "jedoch", "jene", "jetzt", "jul", "juli", "july",
    "jun", "june", "juni", "just", "já", "kan", "kann", "kannst", "keep", "kein", "keine",
    "keinem", "keinen", "keiner", "kept", "kg", "kind", "km", "know", "kwh", "können", "könnte",
    "l'on", "la", "las", "last", "le", "least", "lei", "les", "less", "let", "let's", "leur",
    "leurs", "lhe", "liebe", "lieber", "like", "likely", "lo", "look", "loro", "los", "lui", "ma",
    "maar", "machen", "made", "mai", "mais", "make", "makes", "making", "man", "many", "mar",
    "march", "mas", "may", "maybe", "me", "mean", "meer", "mehr", "mein", "meine", "meinem",
    "meinen", "meiner", "mes", "met", "meu", "mg", "mi", "mich", "might", "mijn", "mine", "minha",
    "minute", "minutes", "mir", "mis", "mit", "mittwoch", "ml", "mm", "moi", "mon", "monat",
    "monate", "monday", "montag", "month", "monthly", "months", "more", "morning", "most", "mr",
    "mrs", "ms", "much", "muito", "muss", "musste", "must", "muy", "my", "myself", "más",
    "märz", "même", "n'est", "na", "naar", "nach", "nas", "ne", "near", "need", "needs", "nei",
    "neither", "nel", "nella", "neun", "never", "new", "next", "nicht", "nichts", "niet", "night",
    "nine", "no", "nobody", "noch", "nog", "noi", "non", "none", "nor", "nos", "not", "nothing",
    "notre", "nous", "nov", "november", "now", "nr", "nu", "number", "nun", "nur", "não", "nós",
    "o", "ob", "oct", "october", "oder", "of", "off", "often", "ohne", "oktober", "om", "omdat",
    "on", "once", "onder", "one", "only", "ons", "ont", "onto", "ook", "op", "or", "os", "other",
    "others", "ou", "our", "ours", "ourselves", "out", "over", "own", "où", "page", "par",
    "para", "pas", "pela", "pelo", "per", "percent", "perhaps", "pero", "però", "più", "place",
    "please", "plus", "por", "porque", "pound", "pounds", "pour", "put", "qu", "qu'il", "quale",
    "quando", "que", "quel", "quella", "quelle", "quello", "quem", "questa", "questo", "qui",
    "quien", "quite", "rather", "re", "really", "regards", "sa", "said", "same", "samstag",
    "sans", "sat", "saturday", "say", "says", "se", "sea", "sechs", "second", "seconds", "see",
    "seem", "seen", "sehr", "sein", "seine", "seinem", "seinen", "seiner", "seit", "seite", "sem",
    "sep", "sept", "september", "ser", "ses", "seu", "seus", "seven", "several", "shall", "she",
    "should", "shouldn't", "si", "sich", "sie", "sieben", "sin", "since", "sincerely", "sind",
    "six", "so", "sobald", "sobre", "sofern", "soll", "sollte", "some", "someone", "something",
    "son", "sondern", "sonntag", "sono", "sonst", "sont", "soon", "sowie", "st", "still", "su",
    "sua", "such", "sul", "sulla", "sum", "sun", "sunday", "suo", "sur", "sure", "sus", "ta",
    "tag", "tage", "take", "taken", "takes", "también", "também", "te", "tem", "ten", "tes",
    "than", "thank", "thanks", "that", "that's", "the", "their", "theirs", "them", "themselves",
    "then", "there", "there's", "therefore", "these", "they", "they're", "thing", "things",
    "third", "thirty", "this", "those", "though", "thousand", "three", "through", "thu",
    "thursday", "thus", "ti", "tiene", "time", "times", "to", "today", "today's", "together",
    "toi", "tomorrow", "ton", "too", "took", "tot", "total", "tous", "tout", "toward", "tra",
    "très", "tu", "tue", "tuesday", "twelve", "twenty", "two", "uhr", "uit", "um", "uma", "un",
    "una", "und", "under", "une", "unless", "uno", "unos", "uns", "unser", "unsere", "unter",
    "until", "up", "upon", "us", "usd", "use", "used", "uses", "using", "usually", "van", "veel",
    "very", "vi", "viel", "vier", "você", "voi", "vom", "von", "voor", "vor", "vos", "votre",
    "vous", "waar", "wann", "want", "war", "waren", "warum", "was", "wasn't", "wat", "way", "we",
    "we'll", "we're", "we've", "wed", "wednesday", "week", "weekly", "weeks", "weil", "weiter",
    "wel", "welche", "welchem", "welchen", "welcher", "welches", "well", "wenn", "wer", "werd",
    "werde", "werden", "were", "weren't", "what", "whatever", "when", "where", "whether", "which",
    "while", "who", "whole", "whom", "whose", "why", "wie", "wieder", "wij", "will", "wir",
    "wird", "wirst", "with", "within", "without", "wo", "woche", "wochen", "wohl", "won't",
    "worden", "wordt", "would", "wouldn't", "würde", "würden", "y", "ya", "year", "yearly",
    "years", "yes", "yesterday", "yet", "you", "you'll", "you're", "you've", "your", "yours",
    "yourself", "yourselves", "ze", "zehn", "zero", "zich", "zij", "zijn", "zo", "zou", "zu",
    "zum", "zur", "zwei", "zwischen", "à", "às", "ça", "è", "été", "être", "über"};

bool word_is_stop(Str folded)
{
    size_t low = 0, high = sizeof stop_words / sizeof *stop_words;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = str_cmp(folded, str_of(stop_words[mid]));
        if (order == 0)
            return true;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return false;
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
