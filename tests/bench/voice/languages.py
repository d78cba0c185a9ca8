#!/usr/bin/env python3
"""Which language is spoken: sotto beside faster-whisper, both with Whisper base.

    tests/bench/voice/languages.py [--build BUILD] [--models MODELS] [--threads N] [--out FILE.md]

Some ten seconds in each of 16 languages, spoken by libespeak-ng (a robot: harder than people are, and for many languages
neither system knows them from it), heard by sotto as shipped (int8, the short window, the detector in front), on the full
window, and by faster-whisper fp32. Prints Markdown: languages with their probabilities, how often each was right, how
often they agree, and how far the probabilities are apart where they agree.
"""
import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from common import HERE, ROOT, System, environment, peer_folder

parser = argparse.ArgumentParser()
parser.add_argument("--build", type=Path, default=ROOT / "build/dev")
parser.add_argument("--models", type=Path, default=Path(os.environ.get("SOTTO_MODELS", ROOT / "models")))
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--out", type=Path)
args = parser.parse_args()
python = environment(args.build)
if os.environ.get("SOTTO_BENCH_PYTHON") != "1":
    os.environ["SOTTO_BENCH_PYTHON"] = "1"
    os.execv(python, [python, *sys.argv])

import numpy as np  # noqa: E402
import sounds  # noqa: E402

# Whisper's code, espeak's voice, three sentences of everyday life.
LANGUAGES = {
    "en": ("en-us", "The train to the city leaves in ten minutes.", "My sister bought a new bicycle last week.",
           "Could you please close the window? It is cold outside."),
    "de": ("de", "Der Zug in die Stadt fährt in zehn Minuten ab.", "Meine Schwester hat letzte Woche ein neues Fahrrad gekauft.",
           "Kannst du bitte das Fenster schließen? Draußen ist es kalt."),
    "fr": ("fr", "Le train pour la ville part dans dix minutes.", "Ma sœur a acheté un nouveau vélo la semaine dernière.",
           "Peux-tu fermer la fenêtre, s'il te plaît ? Il fait froid dehors."),
    "es": ("es", "El tren a la ciudad sale en diez minutos.", "Mi hermana compró una bicicleta nueva la semana pasada.",
           "¿Puedes cerrar la ventana, por favor? Hace frío afuera."),
    "it": ("it", "Il treno per la città parte tra dieci minuti.", "Mia sorella ha comprato una bicicletta nuova la settimana scorsa.",
           "Puoi chiudere la finestra, per favore? Fuori fa freddo."),
    "pt": ("pt", "O comboio para a cidade parte dentro de dez minutos.", "A minha irmã comprou uma bicicleta nova na semana passada.",
           "Podes fechar a janela, por favor? Está frio lá fora."),
    "nl": ("nl", "De trein naar de stad vertrekt over tien minuten.", "Mijn zus heeft vorige week een nieuwe fiets gekocht.",
           "Kun je alsjeblieft het raam dichtdoen? Het is koud buiten."),
    "pl": ("pl", "Pociąg do miasta odjeżdża za dziesięć minut.", "Moja siostra kupiła w zeszłym tygodniu nowy rower.",
           "Czy możesz zamknąć okno? Na dworze jest zimno."),
    "cs": ("cs", "Vlak do města odjíždí za deset minut.", "Moje sestra si minulý týden koupila nové kolo.",
           "Můžeš prosím zavřít okno? Venku je zima."),
    "sv": ("sv", "Tåget till staden går om tio minuter.", "Min syster köpte en ny cykel förra veckan.",
           "Kan du stänga fönstret, tack? Det är kallt ute."),
    "fi": ("fi", "Juna kaupunkiin lähtee kymmenen minuutin kuluttua.", "Siskoni osti viime viikolla uuden polkupyörän.",
           "Voisitko sulkea ikkunan? Ulkona on kylmä."),
    "tr": ("tr", "Şehre giden tren on dakika sonra kalkıyor.", "Kız kardeşim geçen hafta yeni bir bisiklet aldı.",
           "Pencereyi kapatır mısın lütfen? Dışarısı soğuk."),
    "ru": ("ru", "Поезд в город отправляется через десять минут.", "Моя сестра купила новый велосипед на прошлой неделе.",
           "Закрой, пожалуйста, окно. На улице холодно."),
    "el": ("el", "Το τρένο για την πόλη φεύγει σε δέκα λεπτά.", "Η αδερφή μου αγόρασε καινούργιο ποδήλατο την περασμένη εβδομάδα.",
           "Μπορείς να κλείσεις το παράθυρο; Κάνει κρύο έξω."),
    "hi": ("hi", "शहर जाने वाली रेलगाड़ी दस मिनट में छूटेगी।", "मेरी बहन ने पिछले हफ़्ते एक नई साइकिल ख़रीदी।",
           "क्या आप खिड़की बंद कर सकते हैं? बाहर ठंड है।"),
    "zh": ("cmn", "去城里的火车十分钟后出发。", "我妹妹上个星期买了一辆新自行车。", "请把窗户关上，外面很冷。"),
}


def main():
    base = args.models / "whisper-base"
    voice, clips = sounds.Espeak(), []
    with tempfile.TemporaryDirectory() as name:
        for code, (espeak, *sentences) in LANGUAGES.items():
            sound = np.concatenate([voice.say(text, espeak, 140) for text in sentences])
            clips.append((code, sounds.save(Path(name) / f"{code}.wav", sound)))
        whisper = [args.build / "bench_whisper", f"{base}.sotto", "--threads", args.threads]
        systems = [System("sotto", [args.build / "bench_ears", args.models, "whisper-base"]),
                   System("sotto, full window", [*whisper, "--full"]),
                   System("faster-whisper fp32", [python, HERE / "peer.py", "faster-whisper-language",
                                                  peer_folder(base, args.build), "float32", args.threads], True)]
        for _, path in clips:
            for s in systems:
                s.hear(path)
        for s in systems:
            s.close()
    lines = ["| | " + " | ".join(s.name for s in systems) + " |", "|---|" + "---|" * len(systems)]
    for code, path in clips:
        found = [s.answers[path] for s in systems]
        lines.append(f"| {code} | " + " | ".join(f"{a['language']} {a['language_probability']:.2f}" for a in found) + " |")
    lines.append("")
    for s in systems:
        right = sum(s.answers[p]["language"] == code for code, p in clips)
        pairs = [(s.answers[p], systems[-1].answers[p]) for _, p in clips]
        apart = [abs(a["language_probability"] - b["language_probability"]) for a, b in pairs if a["language"] == b["language"]]
        lines.append(f"- {s.name}: right {right} of {len(clips)}" + (
            "" if s is systems[-1] else f"; as faster-whisper {len(apart)}, the probabilities {statistics.median(apart):.3f} apart "
            f"(median), {max(apart):.2f} at most"))
    print("\n".join(lines))
    if args.out:
        args.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
