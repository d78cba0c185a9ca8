/* Languages of short texts, as the confined child finds them. The texts say the same in all: the
 * first article of the Universal Declaration of Human Rights. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "ingest/extract.h"

static const struct {
    const char *code, *text;
} texts[] = {
    {"en", "All human beings are born free and equal in dignity and rights. They are endowed with "
           "reason and conscience and should act towards one another in a spirit of brotherhood."},
    {"de", "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft "
           "und Gewissen begabt und sollen einander im Geiste der Brüderlichkeit begegnen."},
    {"fr", "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont "
           "doués "
           "de raison et de conscience et doivent agir les uns envers les autres dans un esprit de "
           "fraternité."},
    {"es", "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como "
           "están de razón y conciencia, deben comportarse fraternalmente los unos con los otros."},
    {"it", "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono dotati "
           "di ragione e di coscienza e devono agire gli uni verso gli altri in spirito di "
           "fratellanza."},
    {"pt", "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de "
           "razão e de consciência, devem agir uns para com os outros em espírito de "
           "fraternidade."},
    {"nl", "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn "
           "begiftigd "
           "met verstand en geweten, en behoren zich jegens elkander in een geest van broederschap "
           "te gedragen."},
    {"pl", "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni "
           "obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa."},
    {"ru", "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены "
           "разумом и совестью и должны поступать в отношении друг друга в духе братства."},
    {"uk", "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені "
           "розумом і совістю і повинні діяти у відношенні один до одного в дусі братерства."},
    {"ro", "Toate ființele umane se nasc libere și egale în demnitate și în drepturi. Ele sunt "
           "înzestrate cu rațiune și conștiință și trebuie să se comporte unele față de altele în "
           "spiritul fraternității."},
    {"el", "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. "
           "Είναι προικισμένοι με λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ "
           "τους "
           "με πνεύμα αδελφοσύνης."},
    {"hu", "Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Az emberek, "
           "ésszel és lelkiismerettel bírván, egymással szemben testvéri szellemben kell hogy "
           "viseltessenek."},
    {"cs", "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni "
           "rozumem a svědomím a mají spolu jednat v duchu bratrství."},
    {"sk", "Všetci ľudia sa rodia slobodní a sebe rovní, čo sa týka ich dôstojnosti a práv. Sú "
           "obdarení rozumom a svedomím a majú navzájom jednať v bratskom duchu."},
    {"sv", "Alla människor är födda fria och lika i värde och rättigheter. De är utrustade med "
           "förnuft och samvete och bör handla gentemot varandra i en anda av broderskap."},
    {"da", "Alle mennesker er født frie og lige i værdighed og rettigheder. De er udstyret med "
           "fornuft og samvittighed, og de bør handle mod hverandre i en broderskabets ånd."},
    {"nb", "Alle mennesker er født frie og med samme menneskeverd og menneskerettigheter. De er "
           "utstyrt med fornuft og samvittighet og bør handle mot hverandre i brorskapets ånd."},
    {"fi", "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille "
           "on "
           "annettu järki ja omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden "
           "hengessä."},
    {"bg", "Всички хора се раждат свободни и равни по достойнство и права. Те са надарени с разум "
           "и "
           "съвест и следва да се отнасят помежду си в дух на братство."},
    {"lt", "Visi žmonės gimsta laisvi ir lygūs savo orumu ir teisėmis. Jiems suteiktas protas ir "
           "sąžinė ir jie turi elgtis vienas kito atžvilgiu kaip broliai."},
    {"lv", "Visi cilvēki piedzimst brīvi un vienlīdzīgi savā pašcieņā un tiesībās. Viņi ir "
           "apveltīti "
           "ar saprātu un sirdsapziņu, un viņiem jāizturas citam pret citu brālības garā."},
    {"et", "Kõik inimesed sünnivad vabadena ja võrdsetena oma väärikuselt ja õigustelt. Neile on "
           "antud mõistus ja südametunnistus ja nende suhtumist üksteisesse peab kandma vendluse "
           "vaim."},
    {"sl", "Vsi ljudje se rodijo svobodni in imajo enako dostojanstvo in enake pravice. Obdarjeni "
           "so "
           "z razumom in vestjo in bi morali ravnati drug z drugim kakor bratje."},
    {"ca", "Tots els éssers humans neixen lliures i iguals en dignitat i en drets. Són dotats de "
           "raó "
           "i de consciència, i han de comportar-se fraternalment els uns amb els altres."},
    {"tr", "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana "
           "sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler."},
    {"ar", "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن "
           "يعامل "
           "بعضهم بعضا بروح الإخاء."},
    {"hi", "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त "
           "है। उन्हें बुद्धि और "
           "अन्तरात्मा की देन प्राप्त है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।"},
    {"he", "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון, לפיכך "
           "חובה עליהם לנהוג איש ברעהו ברוח של אחווה."},
    {"zh", "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。"},
    {"ja", "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人"
           "間は、理性と良心とを授けられており、"
           "互いに同胞の精神をもって行動しなければならない。"},
    {"ko", "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 "
           "이성과 양심을 부여받았으며 "
           "서로 형제애의 정신으로 행동하여야 한다."},
};

static void language_is(const char *text, const char *declared, const char *expected)
{
    ExtractOut out;
    extract_init(&out, 1 << 20);
    extract_add(&out, str_of(text));
    extract_meta(&out.language, str_of(declared));
    language_set(&out);
    if (!str_eq(buf_str(&out.language), str_of(expected)))
        fail_msg("\"%.40s\" is \"%.*s\", not \"%s\"", text, (int)out.language.len,
                 out.language.len ? out.language.ptr : "", expected);
    extract_release(&out);
}

static void test_languages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        language_is(texts[i].text, "", texts[i].code);
}

/* What the file says counts where the text cannot tell, and only there. */
static void test_declared(void **state)
{
    (void)state;
    language_is(texts[1].text, "en-US", "de");
    language_is("2026-11-23 14:00 X1", "de_CH", "de");
    language_is("", "fr", "fr");
    language_is("", "iw", "he");
    language_is("", "no", "nb");
    language_is("", "english please", "");
    language_is("", "x", "");
    language_is("", "", "");
    language_is("12345 67890 12345 67890 12345 67890", "", "");
}

/* Full of English names, and still not English. */
static void test_names(void **state)
{
    (void)state;
    language_is("Il modulo Perl PGObject::Util::DBChange permette di tenere traccia dei file di "
                "cambiamento applicati in un database PostgreSQL con Service Availability Forum "
                "Hardware Platform Interface e Resource Management.",
                "", "it");
    language_is("GNU SASL er en implementering af Simple Authentication and Security "
                "Layer-rammeværktøjet og nogle få udbredte SASL-mekanismer. SASL bruges af "
                "netværksservere.",
                "", "da");
}

static int set_up(void **state)
{
    Err err = ERR_INIT;
    (void)state;
    if (!language_preload(&err))
        fail_msg("%s", err.msg);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_languages),
                                       cmocka_unit_test(test_declared),
                                       cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, set_up, NULL);
}
