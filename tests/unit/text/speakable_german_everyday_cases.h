/* speakable_german_everyday_cases.h - the same in German. */
#ifndef SOTTO_TEST_SPEAKABLE_GERMAN_EVERYDAY_CASES_H
#define SOTTO_TEST_SPEAKABLE_GERMAN_EVERYDAY_CASES_H

static const struct {
    const char *written, *said;
} german_everyday_cases[] = {
    {"Der Termin ist am Mo., 3. M\xc3\xa4rz 2026 um 15:30 Uhr in Raum 4.12.",
        "Der Termin ist am Montag, dem dritten M\xc3\xa4rz zweitausendsechsundzwanzig um "
        "f\xc3\xbcnfzehn Uhr drei\xc3\x9fig in Raum vier Punkt zw\xc3\xb6lf."},
    {"Die Miete betr\xc3\xa4gt 1.250,50 \xe2\x82\xac zzgl. 19 % MwSt.",
        "Die Miete betr\xc3\xa4gt eintausendzweihundertf\xc3\xbcnfzig Euro f\xc3\xbcnfzig "
        "zuz\xc3\xbcglich neunzehn Prozent Mehrwertsteuer."},
    {"Am 24.12. ab 9 Uhr bis 17.30 Uhr ge\xc3\xb6""ffnet.",
        "Am vierundzwanzigsten Dezember ab neun Uhr bis siebzehn Uhr drei\xc3\x9fig "
        "ge\xc3\xb6""ffnet."},
    {"Er wohnt in der Hauptstr. 12a, 10115 Berlin.",
        "Er wohnt in der Hauptstra\xc3\x9f""e zw\xc3\xb6lf a, eins null eins eins f\xc3\xbcnf "
        "Berlin."},
    {"Tel.: +49 30 901820-0 oder 0171 2345678.",
        "Telefon: plus vier neun, drei null, neun null eins acht zwei null, null oder null "
        "eins sieben eins, zwei drei vier f\xc3\xbcnf sechs sieben acht."},
    {"Heute sind es -5 \xc2\xb0""C, morgen 3-5 \xc2\xb0""C.",
        "Heute sind es minus f\xc3\xbcnf Grad Celsius, morgen drei bis f\xc3\xbcnf Grad "
        "Celsius."},
    {"Das Paket wiegt 2,5 kg und misst 30 x 20 x 10 cm.",
        "Das Paket wiegt zwei Komma f\xc3\xbcnf Kilogramm und misst drei\xc3\x9fig mal zwanzig "
        "mal zehn Zentimeter."},
    {"Ca. 3/4 der Befragten, d. h. 75 %, sagten ja.",
        "Circa drei Viertel der Befragten, das hei\xc3\x9ft f\xc3\xbcnfundsiebzig Prozent, "
        "sagten ja."},
    {"Ludwig XIV. regierte bis 1715; im 19. Jh. \xc3\xa4nderte sich das.",
        "Ludwig der Vierzehnte regierte bis siebzehnhundertf\xc3\xbcnfzehn; im neunzehnten "
        "Jahrhundert \xc3\xa4nderte sich das."},
    {"Die Version 2.4.1 vom 05.11.2025 ist fertig.",
        "Die Version zwei Punkt vier Punkt eins vom f\xc3\xbcnften November "
        "zweitausendf\xc3\xbcnfundzwanzig ist fertig."},
    {"Siehe https://www.example.de/hilfe oder info@example.de.",
        "Siehe example Punkt de Schr\xc3\xa4gstrich hilfe oder info at example Punkt de."},
    {"Bitte \xc3\xbc""berweisen Sie bis zum 1. Mai 100 \xe2\x82\xac auf IBAN DE89 3704 0044 "
      "0532 0130 00.",
        "Bitte \xc3\xbc""berweisen Sie bis zum ersten Mai einhundert Euro auf IBAN D E acht "
        "neun, drei sieben null vier, null null vier vier, null f\xc3\xbcnf drei zwei, null "
        "eins drei null, null null."},
    {"Es kostet 0,99 \xe2\x82\xac, 5 \xe2\x82\xac oder 1 Mio. Euro.",
        "Es kostet neunundneunzig Cent, f\xc3\xbcnf Euro oder eine Million Euro."},
    {"Das Spiel endete 3:1 (Halbzeit 2:0).",
        "Das Spiel endete drei zu eins, Halbzeit zwei zu null."},
    {"1/2 l Milch, 250 g Mehl, 1 TL Salz, 2 EL \xc3\x96l.",
        "einen halben Liter Milch, zweihundertf\xc3\xbcnfzig Gramm Mehl, ein "
        "Teel\xc3\xb6""ffel Salz, zwei Essl\xc3\xb6""ffel \xc3\x96l."},
    {"In den 1990er Jahren, z. B. 1995/96.",
        "In den neunzehnhundertneunziger Jahren, zum Beispiel "
        "neunzehnhundertf\xc3\xbcnfundneunzig sechsundneunzig."},
    {"Von 8-12 Uhr und 14\xe2\x80\x93""18 Uhr.",
        "Von acht bis zw\xc3\xb6lf Uhr und vierzehn bis achtzehn Uhr."},
    {"Die Fahrt dauert 1 Std. 20 Min., also 80 km mit 60 km/h.",
        "Die Fahrt dauert eine Stunde zwanzig Minuten, also achtzig Kilometer mit sechzig "
        "Kilometer pro Stunde."},
    {"Hr. Dr. M\xc3\xbcller, Fr. Prof. Schmidt u. v. m.",
        "Herr Doktor M\xc3\xbcller, Frau Professor Schmidt und vieles mehr."},
    {"Der 21. Geburtstag, das 1. Mal, zum 100. Mal.",
        "Der einundzwanzigste Geburtstag, das erste Mal, zum einhundertsten Mal."},
    {"Der Zug ICE 702 f\xc3\xa4hrt um 7:05 Uhr von Gleis 3 ab.",
        "Der Zug ICE siebenhundertzwei f\xc3\xa4hrt um sieben Uhr f\xc3\xbcnf von Gleis drei "
        "ab."},
    {"Das sind 1.234.567 Menschen bzw. 12 % mehr als 2019.",
        "Das sind eine Million "
        "zweihundertvierunddrei\xc3\x9figtausendf\xc3\xbcnfhundertsiebenundsechzig Menschen "
        "beziehungsweise zw\xc3\xb6lf Prozent mehr als zweitausendneunzehn."},
    {"Nr. 5, \xc2\xa7 3 Abs. 2 BGB, S. 12 ff.",
        "Nummer f\xc3\xbcnf, Paragraf drei Absatz zwei BGB, Seite zw\xc3\xb6lf fortfolgende."},
    {"Die EU, die USA und die NATO.",
        "Die EU, die USA und die NATO."},
    {"Frau M\xc3\xbcller (geb. 1980) hat 2 Kinder.",
        "Frau M\xc3\xbcller, geboren neunzehnhundertachtzig, hat zwei Kinder."},
    {"Um 0:15 Uhr und um 1 Uhr.",
        "Um null Uhr f\xc3\xbcnfzehn und um ein Uhr."},
    {"Es ist 13:01 Uhr.",
        "Es ist dreizehn Uhr eins."},
    {"1 Liter, 1 kg, 1 m, 1 Stunde, 1 Woche.",
        "ein Liter, ein Kilogramm, ein Meter, eine Stunde, eine Woche."},
    {"Kauf 21 \xc3\x84pfel und 101 N\xc3\xa4gel.",
        "Kauf einundzwanzig \xc3\x84pfel und einhunderteins N\xc3\xa4gel."},
    {"Der Wert stieg um 2,3% auf 1.024,00 Punkte.",
        "Der Wert stieg um zwei Komma drei Prozent auf eintausendvierundzwanzig Komma null "
        "null Punkte."},
    {"100.000 \xe2\x82\xac sind 100 T\xe2\x82\xac.",
        "einhunderttausend Euro sind einhundert tausend Euro."},
    {"2. Erinnerung: Arzt anrufen!",
        "zweite Erinnerung: Arzt anrufen!"},
    {"Du hast 1 Aufgabe und 3 Termine.",
        "Du hast eine Aufgabe und drei Termine."},
    {"Bis Fr., 6.3., 18 Uhr.",
        "Bis Freitag, den sechsten M\xc3\xa4rz, achtzehn Uhr."},
    {"Erinnerung: Zahnarzt Do., 12.3., 14:15 Uhr, 45 Min.",
        "Erinnerung: Zahnarzt Donnerstag, zw\xc3\xb6lfter M\xc3\xa4rz, vierzehn Uhr "
        "f\xc3\xbcnfzehn, f\xc3\xbcnfundvierzig Minuten."},
    {"Der Mietvertrag (unterschrieben am 1.4.2024) l\xc3\xa4uft 24 Monate zu 1.850 "
      "\xe2\x82\xac/Monat.",
        "Der Mietvertrag, unterschrieben am ersten April zweitausendvierundzwanzig, "
        "l\xc3\xa4uft vierundzwanzig Monate zu eintausendachthundertf\xc3\xbcnfzig Euro pro "
        "Monat."},
    {"H\xc3\xb6""chstwert 12 \xc2\xb0""C, Tiefstwert 4 \xc2\xb0""C, Regenwahrscheinlichkeit "
      "20 %.",
        "H\xc3\xb6""chstwert zw\xc3\xb6lf Grad Celsius, Tiefstwert vier Grad Celsius, "
        "Regenwahrscheinlichkeit zwanzig Prozent."},
    {"Nimm 2 Tabletten \xc3\xa0 500 mg alle 4\xe2\x80\x93""6 Std.",
        "Nimm zwei Tabletten \xc3\xa0 f\xc3\xbcnfhundert Milligramm alle vier bis sechs "
        "Stunden."},
    {"Akku bei 8 %, noch 2 Std. 15 Min.",
        "Akku bei acht Prozent, noch zwei Stunden f\xc3\xbcnfzehn Minuten."},
    {"K\xc3\xb6nig Charles III. traf Papst Johannes Paul II.",
        "K\xc3\xb6nig Charles der Dritte traf Papst Johannes Paul der Zweite."},
    {"3 \xc3\x97 4 = 12 und 2+2=4.",
        "drei mal vier gleich zw\xc3\xb6lf und zwei plus zwei gleich vier."},
    {"Treffen um 9 Uhr im 3. Stock, Raum 2.",
        "Treffen um neun Uhr im dritten Stock, Raum zwei."},
    {"Am 5. Dezember 1985 geboren, seit dem 20. Jh. bekannt.",
        "Am f\xc3\xbcnften Dezember neunzehnhundertf\xc3\xbcnfundachtzig geboren, seit dem "
        "zwanzigsten Jahrhundert bekannt."},
    {"Ruf 110 oder 112 an.",
        "Ruf eins eins null oder eins eins zwei an."},
    {"Die PIN ist 0042.",
        "Die PIN ist null null vier zwei."},
    {"ca. 1,5 Mio. Nutzer; +12 %.",
        "circa eins Komma f\xc3\xbcnf Millionen Nutzer; plus zw\xc3\xb6lf Prozent."},
    {"Es sind noch 5 min.",
        "Es sind noch f\xc3\xbcnf Minuten."},
    {"\xc3\x96""ffnungszeiten: Mo-Fr 8-18 Uhr, Sa. 9\xe2\x80\x93""13 Uhr.",
        "\xc3\x96""ffnungszeiten: Montag bis Freitag acht bis achtzehn Uhr, Samstag neun bis "
        "dreizehn Uhr."},
    {"Du hast 1 Nachricht, 1 Termin und 1 E-Mail.",
        "Du hast eine Nachricht, ein Termin und eine E-Mail."},
    {"Das Buch kostet 12,- \xe2\x82\xac oder 12,50.",
        "Das Buch kostet zw\xc3\xb6lf Euro oder zw\xc3\xb6lf Komma f\xc3\xbcnf null."},
    {"Wir treffen uns am 3.",
        "Wir treffen uns am dritten."},
    {"Sie ist 1,75 m gro\xc3\x9f und wiegt 68,5 kg.",
        "Sie ist eins Komma sieben f\xc3\xbcnf Meter gro\xc3\x9f und wiegt achtundsechzig "
        "Komma f\xc3\xbcnf Kilogramm."},
    {"Kap. 4, Abb. 2, S. 10\xe2\x80\x93""12.",
        "Kapitel vier, Abbildung zwei, Seite zehn bis zw\xc3\xb6lf."},
};

#endif
