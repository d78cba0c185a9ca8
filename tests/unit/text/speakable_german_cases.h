/* speakable_german_cases.h - what is written in German and how it is said. */
#ifndef SOTTO_TESTS_SPEAKABLE_GERMAN_CASES_H
#define SOTTO_TESTS_SPEAKABLE_GERMAN_CASES_H

static const struct {
    const char *written, *said;
} german_cases[] = {
    {"Es ist 15:30 Uhr.", "Es ist f\xc3\xbcnfzehn Uhr drei\xc3\x9fig."},
    {"Es ist 9:05.", "Es ist neun Uhr f\xc3\xbcnf."},
    {"Der Zug f\xc3\xa4hrt um 18:42 Uhr von Gleis 7.",
        "Der Zug f\xc3\xa4hrt um achtzehn Uhr zweiundvierzig von Gleis sieben."},
    {"Wir haben von 9\xe2\x80\x93""17 Uhr ge\xc3\xb6""ffnet.",
        "Wir haben von neun bis siebzehn Uhr ge\xc3\xb6""ffnet."},
    {"Um 1:00 Uhr", "Um ein Uhr."},
    {"Am 3. M\xc3\xa4rz 2026 ist Ihr Termin.",
        "Am dritten M\xc3\xa4rz zweitausendsechsundzwanzig ist Ihr Termin."},
    {"Heute ist der 23.11.2026.",
        "Heute ist der dreiundzwanzigste November zweitausendsechsundzwanzig."},
    {"Rechnung vom 2026-11-05",
        "Rechnung vom f\xc3\xbcnften November zweitausendsechsundzwanzig."},
    {"bis zum 14.2.", "bis zum vierzehnten Februar."},
    {"Er wurde 1985 geboren.", "Er wurde neunzehnhundertf\xc3\xbcnfundachtzig geboren."},
    {"Im Jahr 2024 waren es 1.234 G\xc3\xa4ste.",
        "Im Jahr zweitausendvierundzwanzig waren es "
        "eintausendzweihundertvierunddrei\xc3\x9fig G\xc3\xa4ste."},
    {"Das kostet 12,50 \xe2\x82\xac.", "Das kostet zw\xc3\xb6lf Euro f\xc3\xbcnfzig."},
    {"Das kostet \xe2\x82\xac 1.900,50 insgesamt.",
        "Das kostet eintausendneunhundert Euro f\xc3\xbcnfzig insgesamt."},
    {"1 \xe2\x82\xac und 0,99 \xe2\x82\xac", "ein Euro und neunundneunzig Cent."},
    {"Der Preis stieg um 3,5 %.", "Der Preis stieg um drei Komma f\xc3\xbcnf Prozent."},
    {"Sie haben 1 Termin und 21 Aufgaben.", "Sie haben ein Termin und einundzwanzig Aufgaben."},
    {"Ich habe 1 gefunden.", "Ich habe eins gefunden."},
    {"Es sind -5 \xc2\xb0""C, ca. 20 km von hier.",
        "Es sind minus f\xc3\xbcnf Grad Celsius, circa zwanzig Kilometer von hier."},
    {"Rufen Sie 030 901820 an oder +49 170 1234567.",
        "Rufen Sie null drei null, neun null eins acht zwei null an oder plus vier neun, eins "
        "sieben null, eins zwei drei vier f\xc3\xbcnf sechs sieben."},
    {"Schreiben Sie an max@beispiel.de oder sehen Sie auf www.beispiel.de/hilfe nach.",
        "Schreiben Sie an max at beispiel Punkt de oder sehen Sie auf beispiel Punkt de "
        "Schr\xc3\xa4gstrich hilfe nach."},
    {"Version 2.3.1 ist da.", "Version zwei Punkt drei Punkt eins ist da."},
    {"Ludwig XIV. war K\xc3\xb6nig.", "Ludwig der Vierzehnte war K\xc3\xb6nig."},
    {"Heinrich VIII. hatte sechs Frauen.", "Heinrich der Achte hatte sechs Frauen."},
    {"10-20 Leute kamen.", "zehn bis zwanzig Leute kamen."},
    {"1.000.000 Menschen", "eine Million Menschen."},
    {"1 kg Mehl, 250 g Zucker und 1 l Milch",
        "ein Kilogramm Mehl, zweihundertf\xc3\xbcnfzig Gramm Zucker und ein Liter Milch."},
    {"Die Wohnung hat 85 m\xc2\xb2 und 3,5 Zimmer.",
        "Die Wohnung hat f\xc3\xbcnfundachtzig Quadratmeter und drei Komma f\xc3\xbcnf Zimmer."},
    {"**Wichtig:** bitte (bis Freitag) antworten!", "Wichtig: bitte, bis Freitag, antworten!"},
    {"101, 111, 121, 1001, 2000, 12345",
        "einhunderteins, einhundertelf, einhunderteinundzwanzig, eintausendeins, zweitausend, "
        "zw\xc3\xb6lftausenddreihundertf\xc3\xbcnfundvierzig."},
    {"Mo-Fr 8-18 Uhr", "Montag bis Freitag acht bis achtzehn Uhr."},
    {"M\xc3\xbcller & S\xc3\xb6hne GmbH", "M\xc3\xbcller und S\xc3\xb6hne G M B H."},
    {"Am 31. ist Schluss.", "Am einunddrei\xc3\x9figsten ist Schluss."},
};

#endif
