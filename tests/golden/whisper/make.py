#!/usr/bin/env python3
"""Makes what test_whisper.c and `make bench-voice` compare with, beside this script.

    make.py clips                    the sound: needs espeak-ng and sox
    make.py NAME FOLDER              NAME.mel, NAME.encoder, NAME.tokens from a CTranslate2 folder
    make.py mel128                   large-v3.mel, which needs no model

NAME.mel      log-mel of every 8th frame of each clip's speech, [frames, mels] fp32, by faster-whisper
NAME.encoder  the encoder's output at every 32nd of 1500 positions, [47, d] fp32, by CTranslate2 in fp32
NAME.tokens   a line a clip and mode ("times", "plain"): the ids that CTranslate2 in fp32 chooses, greedily
NAME.language a line a clip: the likeliest language and its probability, of multilingual models

base has the log-mel of tiny.en. large-v3.mel has 128 mels of every 16th frame.
faster-whisper 1.2.1, CTranslate2 4.8.5 and espeak-ng 1.51 made the committed files.
"""
import subprocess
import sys
import wave
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLIPS = {
    "dentist": ("en-us", 150, "Remind me to call the dentist tomorrow at nine in the morning."),
    "contract": ("en-gb", 140, "What did the contract say about the notice period? I think it was three months."),
}


def clips():
    for name, (voice, speed, text) in CLIPS.items():
        raw = HERE / "raw.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-w", raw, text], check=True)
        subprocess.run(["sox", raw, "-r", "16000", "-c", "1", "-b", "16", "-D", HERE / f"{name}.wav", "gain", "-3"],
                       check=True)
        raw.unlink()


def pcm(path):
    import numpy as np
    with wave.open(str(path)) as w:
        return np.frombuffer(w.readframes(w.getnframes()), np.int16).astype(np.float32) / 32768


def reference(name, folder):
    import ctranslate2
    import numpy as np
    from faster_whisper.feature_extractor import FeatureExtractor
    model = ctranslate2.models.Whisper(folder, device="cpu", compute_type="float32")
    english = not model.is_multilingual
    sot = 50257 if english else 50258
    begin = [sot] if english else [sot, 50259, 50359]
    no_times = 50362 if english else 50363
    mels, states, lines, languages = [], [], [], []
    for clip in CLIPS:
        sound = pcm(HERE / f"{clip}.wav")
        features = FeatureExtractor()(np.pad(sound, (0, 480000 - len(sound))), padding=0)[:, :3000]
        frames = len(sound) // 160
        mels.append(features[:, :frames:8].T)
        view = ctranslate2.StorageView.from_array(np.ascontiguousarray(features[None].astype(np.float32)))
        encoded = model.encode(view)
        states.append(np.array(encoded)[0, ::32])
        if not english:
            code, probability = model.detect_language(encoded)[0][0]
            languages.append(f"{clip} {code.strip('<|>')} {probability:.6f}")
        for mode, prompt in (("times", begin), ("plain", begin + [no_times])):
            ids = model.generate(encoded, [prompt], beam_size=1, max_initial_timestamp_index=50)[0].sequences_ids[0]
            lines.append(" ".join(map(str, [clip, mode, *ids])))
    if english:
        np.concatenate(mels).astype("<f4").tofile(HERE / f"{name}.mel")
    else:
        (HERE / f"{name}.language").write_text("\n".join(languages) + "\n")
    np.concatenate(states).astype("<f4").tofile(HERE / f"{name}.encoder")
    (HERE / f"{name}.tokens").write_text("\n".join(lines) + "\n")


def mel128():
    import numpy as np
    from faster_whisper.feature_extractor import FeatureExtractor
    out = []
    for clip in CLIPS:
        sound = pcm(HERE / f"{clip}.wav")
        features = FeatureExtractor(feature_size=128)(np.pad(sound, (0, 480000 - len(sound))), padding=0)[:, :3000]
        out.append(features[:, :len(sound) // 160:16].T)
    np.concatenate(out).astype("<f4").tofile(HERE / "large-v3.mel")


if __name__ == "__main__":
    if sys.argv[1:] == ["clips"]:
        clips()
    elif sys.argv[1:] == ["mel128"]:
        mel128()
    elif len(sys.argv) == 3:
        reference(*sys.argv[1:])
    else:
        sys.exit(__doc__)
