/* answer_kin.c - words of one meaning, as papers and people's questions have them: a question says
 * "bill" where the paper says "invoice". English and German, general words of everyday papers; a
 * word may stand in several groups. */
#include "assistant/answer_score.h"

static const char *const groups[] = {
    "bill invoice rechnung",
    "flat apartment dwelling wohnung home",
    "rent lease tenancy miete mietvertrag",
    "car vehicle auto wagen fahrzeug",
    "doctor physician arzt \303\244rztin dr",
    "operate operated operation surgery surgeon operiert",
    "return returned returns back refund refunded",
    "end ends expire expires terminate endet ablauf",
    "begin begins start starts beginnt beginn",
    "phone telephone number call ring telefon nummer",
    "buy bought purchase purchased gekauft kauf",
    "meet meets meeting sitzung trifft treffen",
    "boss manager chef chefin",
    "child children kid kids pupil pupils kinder sch\303\274ler",
    "holiday holidays vacation urlaub ferien",
    "live lives address wohnt adresse",
    "cancel cancelled cancelling terminate k\303\274ndigen k\303\274ndigung storno stornieren",
    "guarantee warranty garantie gew\303\244hrleistung",
    "insurance insured policy versicherung versichert",
    "medicine medication tablets medikament medikamente tabletten",
    "wrong diagnosis fault problem broken diagnose fehler kaputt",
    "held hold takes stattfindet",
    "job work works employed arbeit arbeitet",
    "wrote written write geschrieben",
    "adviser advisor contact ansprechpartner ansprechpartnerin",
    "excess deductible bear selbstbeteiligung",
    "allergic allergy allergies allergie allergisch",
    "fix repair repairs repaired reparatur",
    "owner owns own landlord eigent\303\274mer vermieter",
    "salary wage wages gehalt lohn",
    "teacher lehrer lehrerin",
    "deadline latest due frist",
    "size gr\303\266\303\237e",
    "open opens opening ge\303\266ffnet \303\266ffnungszeiten",
    "password passwort kennwort",
};

bool answer_kin(Str word, size_t *at, Str *group)
{
    for (; *at < sizeof groups / sizeof *groups; ++*at) {
        Str rest = str_of(groups[*at]), one;
        while (str_next(&rest, ' ', &one))
            if (str_eq(one, word)) {
                *group = str_of(groups[(*at)++]);
                return true;
            }
    }
    return false;
}
