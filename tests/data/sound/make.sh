#!/bin/sh
# Makes the sound files beside this script: 0.6 s of a tone of 440 Hz at half of full scale, in every
# container and codec that is read, by ffmpeg 5.1 (Debian 12). chromium.webm is not made here: it is
# 1 s of the same tone as Chromium's MediaRecorder gave it, in five pieces of 200 ms. speech.amr is
# neither: 30 frames of the tone at 12.2 kbit/s by libopencore-amrnb, which Debian's ffmpeg lacks.
set -e
cd "$(dirname "$0")"
rm -f tone.* tags.*
tone() { # FILE OPTIONS...
  file=$1; shift
  ffmpeg -v error -bitexact -f lavfi -i "sine=440:r=16000:d=0.6,volume=12dB" "$@" -bitexact "$file"
}
tone tone.flac
tone tone.mp3 -b:a 32k
tone tone.vorbis.ogg -c:a libvorbis -q:a 0
tone tone.opus.ogg -c:a libopus -b:a 24k
tone tone.speex.ogg -c:a libspeex
tone tone.m4a -c:a aac -b:a 32k
tone tone.fragments.mp4 -c:a aac -b:a 32k -frag_duration 200000 \
  -movflags frag_keyframe+empty_moov+default_base_moof
tone tone.alac.m4a -c:a alac
tone tone.aac -b:a 32k
tone tone.webm -c:a libopus -b:a 24k -live 1
tone tone.mka -c:a flac
tone tone.aiff
tone tone.caf
tone tone.au -c:a pcm_mulaw
tone tone.w64 -c:a pcm_u8
tone tone.wma -c:a wmav2 -b:a 32k
tone tone.stereo44.mp3 -ac 2 -ar 44100 -b:a 64k
tone tone.five.flac -ac 6 -ar 48000
tone tone.mp4 -f lavfi -i testsrc=s=32x32:d=0.6:r=5 -map 0:a -map 1:v -c:v mpeg4 -c:a aac -b:a 32k
tone tone.silent.mp4 -f lavfi -i testsrc=s=32x32:d=0.6:r=5 -map 1:v -c:v mpeg4
tone tone.secret.mp4 -c:a aac -b:a 32k -encryption_scheme cenc-aes-ctr \
  -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8
tone tone.s16.wav
tone tone.u8.wav -c:a pcm_u8
tone tone.f32.wav -c:a pcm_f32le
tone tone.alaw.wav -c:a pcm_alaw
tone tone.adpcm.wav -c:a adpcm_ms
tone tone.gsm.wav -c:a libgsm_ms -ar 8000
ffmpeg -v error -bitexact -i speech.amr -c copy -bitexact tone.3gp
# Titles, authors, dates: in a box, in a comment of the stream, in front.
tagged() { # FILE OPTIONS...
  tone "$@" -metadata "title=Küche, zweiter Besuch" -metadata "artist=Anna Berg" -metadata date=2026-11-02
}
tagged tags.m4a -c:a aac -b:a 32k
tagged tags.ogg -c:a libopus -b:a 24k
tagged tags.mp3 -b:a 32k
