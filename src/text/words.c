#include "text/words.h"

#include "text/letters.h"

/* Sorted by bytes. Closed word classes, and what letters and calendars repeat without telling. */
static const char *const stop_words[] = {
    "a", "aan", "ab", "aber", "about", "above", "after", "again", "against", "al", "algo", "all",
    "alla", "alle", "allem", "allen", "aller", "alles", "almost", "along", "already", "als",
    "also", "although", "always", "am", "among", "an", "anche", "and", "andere", "anderen",
    "anderer", "another", "ante", "antes", "any", "anyone", "anything", "ao", "aos", "april",
    "are", "aren't", "around", "as", "at", "au", "auch", "auf", "august", "aus", "aux", "avec",
    "away", "back", "be", "became", "because", "become", "been", "before", "bei", "beim", "being",
    "below", "best", "between", "bij", "bin", "bis", "bist", "bitte", "both", "but", "by",
    "c'est", "can", "can't", "cannot", "ce", "ceci", "cela", "ces", "cet", "cette", "che", "chez",
    "chi", "ci", "com", "come", "comme", "como", "con", "contra", "could", "couldn't", "cual",
    "cuando", "cui", "d'un", "d'une", "da", "daar", "dabei", "dadurch", "dafür", "dagegen",
    "daher", "dal", "dalla", "damit", "dan", "danach", "dann", "dans", "daran", "darauf",
    "daraus", "darf", "das", "dass", "dat", "davon", "day", "dazu", "de", "dear", "december",
    "dei", "dein", "deine", "del", "della", "delle", "dem", "den", "denn", "der", "des", "desde",
    "deshalb", "dessen", "deze", "di", "did", "didn't", "die", "dies", "diese", "diesem",
    "diesen", "dieser", "dieses", "dit", "do", "doch", "does", "doesn't", "doing", "don't",
    "donc", "donde", "done", "dont", "door", "dort", "dos", "dove", "down", "du", "durch",
    "during", "e", "each", "ed", "een", "ein", "eine", "einem", "einen", "einer", "eines",
    "either", "el", "ela", "ele", "ella", "ellas", "elle", "elles", "ellos", "else", "em", "en",
    "enough", "entre", "er", "era", "es", "esa", "ese", "eso", "essa", "esse", "est", "esta",
    "este", "esto", "estos", "está", "et", "etc", "etwas", "eu", "euch", "euer", "eure", "even",
    "ever", "every", "everyone", "everything", "fait", "february", "few", "first", "foi", "for",
    "friday", "from", "fue", "further", "für", "geen", "gegen", "get", "gets", "getting",
    "gewesen", "give", "given", "gives", "gli", "go", "goes", "going", "gone", "got", "gruß",
    "grüße", "ha", "hab", "habe", "haben", "had", "has", "hat", "hatte", "hatten", "have",
    "having", "hay", "he", "heb", "heeft", "hello", "hence", "her", "here", "hers", "herself",
    "het", "hi", "hier", "hij", "him", "himself", "hin", "hinter", "his", "ho", "hoe", "how",
    "however", "hun", "há", "i", "i'll", "i'm", "i've", "ich", "if", "ihm", "ihn", "ihnen", "ihr",
    "ihre", "ihrem", "ihren", "ihrer", "ik", "il", "ils", "im", "in", "indem", "ins", "into",
    "io", "is", "isn't", "isso", "ist", "isto", "it", "it's", "its", "itself", "j'ai", "ja",
    "january", "je", "jede", "jedem", "jeden", "jeder", "jedes", "jedoch", "jene", "jetzt",
    "july", "june", "just", "já", "kan", "kann", "kannst", "keep", "kein", "keine", "keinem",
    "keinen", "keiner", "kept", "kind", "know", "können", "könnte", "l'on", "la", "las", "last",
    "le", "least", "lei", "les", "less", "let", "let's", "leur", "leurs", "lhe", "liebe",
    "lieber", "like", "likely", "lo", "look", "loro", "los", "lui", "ma", "maar", "machen",
    "made", "mais", "make", "makes", "making", "man", "many", "march", "mas", "may", "maybe",
    "me", "mean", "meer", "mehr", "mein", "meine", "meinem", "meinen", "meiner", "mes", "met",
    "meu", "mi", "mich", "might", "mijn", "mine", "minha", "mir", "mis", "mit", "moi", "mon",
    "monday", "month", "more", "most", "much", "muito", "muss", "musste", "must", "muy", "my",
    "myself", "más", "même", "n'est", "na", "naar", "nach", "nas", "ne", "near", "need", "needs",
    "nei", "neither", "nel", "nella", "never", "new", "next", "nicht", "nichts", "niet", "no",
    "nobody", "noch", "nog", "noi", "non", "none", "nor", "nos", "not", "nothing", "notre",
    "nous", "november", "now", "nu", "nun", "nur", "não", "nós", "o", "ob", "october", "oder",
    "of", "off", "often", "ohne", "om", "omdat", "on", "once", "onder", "one", "only", "ons",
    "ont", "onto", "ook", "op", "or", "os", "other", "others", "ou", "our", "ours", "ourselves",
    "out", "over", "own", "où", "par", "para", "pas", "pela", "pelo", "per", "perhaps", "pero",
    "però", "più", "please", "plus", "por", "porque", "pour", "put", "qu", "qu'il", "quale",
    "quando", "que", "quel", "quella", "quelle", "quello", "quem", "questa", "questo", "qui",
    "quien", "quite", "rather", "re", "really", "regards", "sa", "said", "same", "sans",
    "saturday", "say", "says", "se", "sea", "see", "seem", "seen", "sehr", "sein", "seine",
    "seinem", "seinen", "seiner", "seit", "sem", "september", "ser", "ses", "seu", "seus",
    "several", "shall", "she", "should", "shouldn't", "si", "sich", "sie", "sin", "since",
    "sincerely", "sind", "so", "sobald", "sobre", "sofern", "soll", "sollte", "some", "someone",
    "something", "son", "sondern", "sono", "sonst", "sont", "soon", "sowie", "still", "su", "sua",
    "such", "sul", "sulla", "sunday", "suo", "sur", "sure", "sus", "ta", "take", "taken",
    "también", "também", "te", "tem", "tes", "than", "thank", "thanks", "that", "that's", "the",
    "their", "theirs", "them", "themselves", "then", "there", "there's", "therefore", "these",
    "they", "they're", "thing", "things", "this", "those", "though", "through", "thursday",
    "thus", "ti", "tiene", "to", "today", "together", "toi", "tomorrow", "ton", "too", "tot",
    "tous", "tout", "toward", "tra", "très", "tu", "tuesday", "two", "uit", "um", "uma", "un",
    "una", "und", "under", "une", "unless", "uno", "unos", "uns", "unser", "unsere", "unter",
    "until", "up", "upon", "us", "use", "used", "uses", "using", "usually", "van", "veel", "very",
    "vi", "viel", "você", "voi", "vom", "von", "voor", "vor", "vos", "votre", "vous", "waar",
    "wann", "want", "war", "waren", "warum", "was", "wasn't", "wat", "way", "we", "we'll",
    "we're", "we've", "wednesday", "week", "weil", "weiter", "wel", "welche", "welchem",
    "welchen", "welcher", "welches", "well", "wenn", "wer", "werd", "werde", "werden", "were",
    "weren't", "what", "whatever", "when", "where", "whether", "which", "while", "who", "whole",
    "whom", "whose", "why", "wie", "wieder", "wij", "will", "wir", "wird", "wirst", "with",
    "within", "without", "wo", "wohl", "won't", "worden", "wordt", "would", "wouldn't", "würde",
    "würden", "y", "ya", "year", "yes", "yesterday", "yet", "you", "you'll", "you're", "you've",
    "your", "yours", "yourself", "yourselves", "ze", "zich", "zij", "zijn", "zo", "zou", "zu",
    "zum", "zur", "zwischen", "à", "às", "ça", "è", "été", "être", "über"};

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
