/* The commands: names, words after them, flags, help. Parsing, `sotto help` and docs/CLI.md all
 * read this table. */
#include "app/commands.h"

#define MANY SIZE_MAX
#define COUNT(a) (sizeof(a) / sizeof *(a))

static const CliFlag add_flags[] = {
    {"--tag", "TAG", true, "tag every file added; may be repeated"},
    {"--include", "PATTERN", true,
     "in folders, only what matches, such as *.pdf; may be repeated"},
    {"--exclude", "PATTERN", true, "in folders, leave out what matches; may be repeated"},
    {"--dry-run", NULL, false, "say what would happen and do nothing"},
    {"--jobs", "N", false, "files at a time; one a processor unless said otherwise"},
};

#define FILTER_FLAGS                                                                               \
    {"--tag", "TAG", true, "only documents with this tag; repeated: with all of them"},            \
        {"--source", "SOURCE", true,                                                               \
         "only from this source; a * at the end stands for any ending"},                           \
        {"--type", "TYPE", true, "only this file type: pdf, docx, email, ... (docs/INGEST.md)"},   \
        {"--lang", "CODE", true, "only this language, as an ISO 639 code: de"},                    \
        {"--after", "DATE", false, "changed on or after this day (YYYY-MM-DD or RFC 3339)"},       \
    {                                                                                              \
        "--before", "DATE", false, "changed before it"                                             \
    }

static const CliFlag search_flags[] = {
    {"--limit", "N", false, "documents at most, 1 to 100; 10 unless said otherwise"},
    {"--mode", "MODE", false, "hybrid (the default), semantic or keyword"},
    {"--threshold", "X", false, "least cosine similarity, 0 to 1; 0.3 unless said otherwise"},
    FILTER_FLAGS,
    {"--explain", NULL, false, "show how every hit came about"},
};

static const CliFlag ask_flags[] = {
    {"--session", "ID", false, "go on in this conversation; a new one unless given"},
    {"--audio", "FILE", false, "hear this sound instead of words"},
    {"--output", "FILE", false,
     "with --audio: write the spoken answer there (-o is the same); - is standard output"},
    {"--aloud", NULL, false, "with --audio: play the spoken answer"},
    {"--voice", "ID", false, "with --audio: voice of the answer (sotto say --list)"},
    {"--format", "FORMAT", false, "with --audio: wav, mp3, opus, aac, flac or pcm"},
};

static const CliFlag chat_flags[] = {
    {"--session", "ID", false, "go on in this conversation; a new one unless given"},
};

static const CliFlag voice_flags[] = {
    {"--limit", "N", false, "list: at most so many; 50 unless said otherwise"},
    {"--all", NULL, false, "delete: all of it"},
    {"--yes", NULL, false, "delete: do not ask; needed when standard input is no terminal"},
};

static const CliFlag conversations_flags[] = {
    {"--find", "WORDS", false, "list: only those with these words in the title or a message"},
    {"--limit", "N", false, "list: at most so many; show: so many of the last messages; 50 unless "
                            "said otherwise"},
    {"--yes", NULL, false, "delete: do not ask; needed when standard input is no terminal"},
    {"--forever", NULL, false, "delete: so that it cannot be brought back"},
};

static const CliFlag memory_flags[] = {
    {"--find", "WORDS", false, "list: only facts with these words"},
    {"--history", NULL, false, "list: what was replaced, too; forget: what was said before of it"},
    {"--yes", NULL, false, "forget: do not ask; needed when standard input is no terminal"},
};

static const CliFlag list_flags[] = {
    {"--limit", "N", false, "at most so many; 50 unless said otherwise"},
    {"--all", NULL, false, "every document, however many"},
    {"--sort", "ORDER", false,
     "updated_desc (the default), updated_asc, created_desc, created_asc, "
     "title_asc or importance_desc"},
    FILTER_FLAGS,
};

static const CliFlag show_flags[] = {
    {"--original", NULL, false, "write the original bytes to standard output"},
};

static const CliFlag delete_flags[] = {
    {"--yes", NULL, false, "do not ask; needed when standard input is no terminal"},
};

static const CliFlag ledger_flags[] = {
    {"--state", "STATE", false, "only pending, indexed, duplicate, refused, failed or deleted"},
    {"--under", "PATH", false, "only what lies under this path or begins so"},
    {"--find", "TEXT", false, "only what has this text in its path or reason"},
};

static const CliFlag folders_flags[] = {
    {"--include", "PATTERN", true, "add: only what matches, such as *.pdf; may be repeated"},
    {"--exclude", "PATTERN", true, "add: leave out what matches; may be repeated"},
    {"--keep", NULL, false, "add: documents stay when their files go"},
    {"--watch", "HOW", false, "add: auto (the default), notify or poll"},
    {"--dry-run", NULL, false, "add: say what would happen and do nothing"},
    {"--no-wait", NULL, false, "do not wait for the reading; a running server does it anyway"},
    {"--confirm", NULL, false, "sync: what is missing from a replaced folder is really gone"},
    {"--documents", NULL, false, "remove: the documents that the folder added go too"},
    {"--yes", NULL, false, "do not ask; needed when standard input is no terminal"},
};

static const CliFlag duplicates_flags[] = {
    {"--threshold", "X", false, "least similarity, 0.3 to 1; 0.5 unless said otherwise"},
    {"--limit", "N", false, "groups at most; 50 unless said otherwise"},
};

static const CliFlag restore_flags[] = {
    {"--yes", NULL, false, "do not ask; needed when standard input is no terminal"},
};

static const CliFlag task_flags[] = {
    {"--status", "STATUS", false, "list: open (the default), done, cancelled or all"},
    {"--kind", "KIND", true, "list: only task, reminder, timer or alarm"},
    {"--tag", "TAG", true, "list: only with this tag; repeated: with all of them"},
    {"--priority", "PRIORITY", false, "list: only low, normal, high or urgent"},
    {"--due-after", "TIME", false, "list: due at or after (YYYY-MM-DD or RFC 3339)"},
    {"--due-before", "TIME", false, "list: due before it"},
    {"--overdue", NULL, false, "list: only what is overdue"},
    {"--sort", "ORDER", false,
     "list: due_at (the default), created_at, updated_at (each with - for the other way), "
     "-priority or title"},
    {"--limit", "N", false, "list: at most so many; 100 unless said otherwise"},
    {"--all", NULL, false, "list: however many"},
};

static const CliFlag calendar_flags[] = {
    {"--days", "N", false, "so many days, 1 to 3660"},
    {"--into", "CALENDAR", false, "import, add: into this one of your own calendars"},
    {"--name", "NAME", false, "subscribe: what to call it"},
    {"--refresh", "SECONDS", false, "subscribe: between two looks, 300 to 2592000; 3600 is usual"},
    {"--private", NULL, false, "subscribe: the address may be in your own network"},
    {"--at", "PLACE", false, "add: where"},
    {"--repeat", "RRULE", false, "add: recurrence rule of RFC 5545"},
    {"--remind", "LENGTH", true, "add: so long before: PT15M, 1 hour; may be repeated"},
    {"--occurrence", "TIME", false, "delete: only this one of a series"},
    {"--output", "FILE", false, "export: write there; - is standard output, as without it"},
    {"--subscribed", NULL, false, "export: events of addresses too"},
    {"--no-tasks", NULL, false, "export: events only"},
    {"--yes", NULL, false, "do not ask; needed when standard input is no terminal"},
};

static const CliFlag brief_flags[] = {
    {"--date", "DATE", false, "that day (2026-12-01), or a moment; now when absent"},
    {"--tz", "ZONE", false, "IANA time zone; schedule: the one it is kept in"},
    {"--text", NULL, false, "plain text without a layout"},
    {"--html", NULL, false, "as a page of HTML"},
    {"--speech", NULL, false, "sentences to be read aloud"},
    {"--at", "HH:MM", false, "schedule: send it at this time"},
    {"--days", "LIST", false, "schedule: mon,tue,wed,thu,fri,sat,sun"},
    {"--on", NULL, false, "schedule: send it"},
    {"--off", NULL, false, "schedule: do not"},
};

static const CliFlag transcribe_flags[] = {
    {"--format", "FORMAT", false, "text (the default), srt, vtt or json"},
    {"--language", "CODE", false, "language that is spoken, such as en; found out unless given"},
    {"--model", "NAME", false, "whisper-base, whisper-tiny.en, ...; the setting's unless given"},
    {"--words", NULL, false, "json with the time of every word"},
};

static const CliFlag listen_flags[] = {
    {"--list", NULL, false, "the microphones there are"},
    {"--device", "NAME", false, "one of --list; default unless given"},
    {"--ask", NULL, false, "say it to the assistant, and the answer aloud"},
    {"--output", "NAME", false, "loudspeaker of --ask; default unless given, none is silent"},
    {"--language", "CODE", false, "language that is spoken, such as en; found out unless given"},
    {"--once", NULL, false, "end after the first thing said"},
    {"--seconds", "N", false, "end after so many seconds"},
};

static const CliFlag say_flags[] = {
    {"--output", "FILE", false, "write the sound there; - is standard output (-o is the same)"},
    {"--voice", "ID", false, "one of --list; the setting's unless given"},
    {"--speed", "N", false, "0.25 to 4; 1 unless said otherwise"},
    {"--format", "FORMAT", false,
     "wav, mp3, opus, aac, flac or pcm; unless given, what FILE ends in, or wav"},
    {"--list", NULL, false, "show the voices of this machine"},
    {"--remote", NULL, false, "show those of ElevenLabs and OpenAI, too, where they are set"},
};

static const CliFlag people_flags[] = {
    {"--admin", NULL, false, "add: they look after the others"},
    {"--no-password", NULL, false, "add: only by tokens; password: take it away"},
    {"--delete-data", NULL, false, "remove: with all that they own; there is no other way"},
    {"--yes", NULL, false, "do not ask; needed when standard input is no terminal"},
};

static const CliFlag token_flags[] = {
    {"--scope", "SCOPE", true,
     "create: read, write, voice, admin or metrics; may be repeated; read and write unless given"},
    {"--days", "N", false, "create: it ends after so many days; never unless given"},
    {"--person", "NAME", false, "create: for somebody else"},
    {"--all", NULL, false, "list: everybody's"},
};

static const CliFlag migrate_flags[] = {
    {"--to", "WHERE", false, "qdrant or sqlite"}};
static const CliFlag export_flags[] = {
    {"--person", "NAME", false, "what somebody else owns; the first person unless given"},
};

static const CliFlag audit_flags[] = {
    {"--limit", "N", false, "at most so many, 1 to 500; 50 unless said otherwise"},
    {"--find", "TEXT", false, "only with this text in what was done"},
    {"--person", "NAME", false, "only what they did"},
};

static const CliFlag doctor_flags[] = {
    {"--repair", NULL, false, "rebuild damaged indexes from the documents (no server may run)"},
};

static const CliCommand commands[] = {
    {"serve", "", "run the server and the page",
     "Prints `listening on http://HOST:PORT` on standard output when it is ready. SIGTERM or "
     "SIGINT\n"
     "ends it gracefully: requests in flight are answered. A second signal ends it at once.\n"
     "On an address that other machines can reach everybody must sign in; it is refused while "
     "nobody\n"
     "could: say sotto people password, or sotto token create NAME, first.",
     NULL, 0, 0, 0, serve_command},
    {"add", "PATH...", "add files and folders",
     "Folders are read with all below them; hidden files, links to folders and what the patterns "
     "or a\n"
     ".sottoignore file leave out are not. What is there already is skipped, and not even opened "
     "when\n"
     "size, time and inode are the same. At the end it says what was refused and why; sotto ledger "
     "says\n"
     "it again.\n"
     "Exit status 0 when all that can be read was stored, 5 when some files failed, 1 when none "
     "got in.\n"
     "Files in a folder whose type has no reader are counted, but are no failure.",
     add_flags, COUNT(add_flags), 1, MANY, add_command},
    {"search", "WORDS...", "find passages, with citations",
     "Words are searched for by meaning and by keyword at once. \"in quotes\" must occur so, -word "
     "must\n"
     "not, word* is a beginning; tag:, source:, type:, lang:, after: and before: narrow it down.",
     search_flags, COUNT(search_flags), 1, MANY, search_command},
    {"ask", "SENTENCE...", "ask or tell the assistant something",
     "A question is answered out of your documents, tasks and what you told it, with the place it "
     "stands\n"
     "in; a command (\"remind me to call the bank tomorrow at nine\") is carried out. Exit status\n"
     "3 when nothing was found. With --audio the question is a sound, and so is the answer:\n"
     "sotto ask --audio question.wav -o answer.wav",
     ask_flags, COUNT(ask_flags), 0, MANY, ask_command},
    {"chat", "", "talk to the assistant",
     "One line after the other, from the terminal or a pipe, in one conversation; /quit ends it.",
     chat_flags, COUNT(chat_flags), 0, 0, chat_command},
    {"conversations", "[list|show|delete|restore] [ID]", "conversations that are kept",
     "ID is a conversation's id, or its last letters as the list shows them. What was deleted can "
     "be\n"
     "brought back for a day with restore and its whole id; with --forever it is gone at once.",
     conversations_flags, COUNT(conversations_flags), 0, MANY, conversations_command},
    {"voice", "[list|show|delete] [ID]", "what was said aloud, and the answers",
     "ID is an interaction's id, or its last letters as the list shows them.", voice_flags,
     COUNT(voice_flags), 0, MANY, voice_command},
    {"memory", "[list|add|history|edit|forget] [ID] [TEXT]",
     "what the assistant was told to remember",
     "sotto memory add \"my manager is Dana\"; another one about the same subject takes its place, "
     "and\n"
     "history ID shows what held before and where it was learnt. ID is a fact's id, or its last "
     "letters as\n"
     "the list shows them. delete is forget.",
     memory_flags, COUNT(memory_flags), 0, MANY, memory_command},
    {"list", "", "list documents", NULL, list_flags, COUNT(list_flags), 0, 0, list_command},
    {"show", "ID", "show a document with its text",
     "ID is the document's id, or the path it came from.", show_flags, COUNT(show_flags), 1, 1,
     show_command},
    {"delete", "ID...", "delete documents",
     "ID is the document's id, or the path it came from. The files themselves stay where they are.",
     delete_flags, COUNT(delete_flags), 1, MANY, delete_command},
    {"folders", "[list|add|remove|pause|resume|sync] [DIR]", "watched folders",
     "A watched folder is read whole, and kept up to date while a server runs: new and changed "
     "files are\n"
     "read, moved ones recognised, and what the folder had added goes when its file goes. "
     "docs/FOLDERS.md\n"
     "has the rules. Patterns are those of .gitignore; a .sottoignore file in a folder holds "
     "more.",
     folders_flags, COUNT(folders_flags), 0, MANY, folders_command},
    {"ledger", "[list|coverage|retry]", "every file ever offered and what became of it",
     "coverage shows the share that can be found, by folder and by type; retry reads again what "
     "failed\n"
     "or was refused.",
     ledger_flags, COUNT(ledger_flags), 0, 1, ledger_command},
    {"task", "SENTENCE | VERB [TASK] [TIME]",
     "tasks, reminders and timers",
     "sotto task \"call the bank tomorrow at 9\" adds one; #word is a tag, urgent a priority,\n"
     "\"every Monday\" repeats it, \"remind me an hour before\" is a reminder. Verbs:\n"
     "list [WORDS], show TASK, done TASK, reopen TASK, cancel TASK, delete TASK,\n"
     "snooze TASK \"for an hour\", move TASK \"Monday at five\", undo [CHANGE],\n"
     "reminders (that nobody has dealt with), add SENTENCE (when it begins like a verb);\n"
     "proposals (what documents ask for), take ID and dismiss ID of one of them.\n"
     "TASK is an id, its last letters as the list shows them, or words of its title.",
     task_flags, COUNT(task_flags), 1, MANY, task_command},
    {"calendar",
     "[today|tomorrow|week|DATE | VERB ...]",
     "what is on the schedule; calendars in and out",
     "Without words: today. import FILE..., export, subscribe URL, refresh [CALENDAR], remove\n"
     "CALENDAR, list; add TITLE START [END] (2026-12-01, 2026-12-01T09:00), delete ID. CALENDAR\n"
     "is an id, a name or an address. The same file imported twice changes nothing.\n"
     "docs/CALENDAR.md has the rules.",
     calendar_flags, COUNT(calendar_flags), 0, MANY, calendar_command},
    {"brief", "[show|history|schedule]", "the daily briefing",
     "What is due, the day, what came since yesterday, what is written about more than before,\n"
     "and older documents that matter now: each line with the reason why it is there. history\n"
     "lists those that were made; schedule shows or changes when the server sends it.\n"
     "docs/BRIEFING.md has the rules.",
     brief_flags, COUNT(brief_flags), 0, 1, brief_command},
    {"duplicates", "", "documents with nearly the same text, in groups",
     "The oldest of a group comes first; the others show how much they have in common with it.",
     duplicates_flags, COUNT(duplicates_flags), 0, 0, duplicates_command},
    {"transcribe", "FILE", "write down what is said in a sound",
     "WAV, FLAC, Ogg, Opus, MP3, M4A, WebM and more; two hours at most. Needs a speech model:\n"
     "sotto models fetch whisper-base. A sound without speech gives no text.",
     transcribe_flags, COUNT(transcribe_flags), 1, 1, transcribe_command},
    {"say", "TEXT...", "speak a text",
     "Without -o it is played by aplay or paplay. The natural voice comes by\n"
     "sotto models fetch en_US-joe-medium; without it espeak speaks.",
     say_flags, COUNT(say_flags), 0, MANY, say_command},
    {"listen", "", "write down what is said into the microphone",
     "One line for everything that was said, as soon as silence follows it; on a terminal the\n"
     "words appear while they are spoken. Ctrl-C ends it. With --ask each is answered, aloud\n"
     "where there is a loudspeaker: speaking stops the answer, so use headphones or a microphone\n"
     "that cancels echo.",
     listen_flags, COUNT(listen_flags), 0, 0, listen_command},
    {"models", "list|fetch|verify [NAME] | add FILE [NAME]",
     "model files: what there is, get them, check them, add a Whisper of one's own",
     "fetch gets what is missing, checks every SHA-256 and makes the file the program maps; it "
     "resumes\n"
     "where it was interrupted. verify reads every byte against its checksum. Speech recognition\n"
     "and voices are fetched only by name: sotto models fetch whisper-base, en_US-joe-medium.\n"
     "add takes any Whisper that is there as a ggml file (ggml-small.en.bin) or as a CTranslate2\n"
     "folder and makes whisper-NAME of it, which speech_model and --model may then name.",
     NULL, 0, 1, 3, models_command},
    {"backup", "FILE", "write everything kept into one file",
     "Works while the server runs. The file is complete and checked when the command returns.",
     NULL, 0, 1, 1, backup_command},
    {"restore", "FILE", "replace everything by a backup",
     "The backup is checked before anything is replaced; what was there is kept beside it until "
     "the\n"
     "new data has been opened. Refused while a server runs.",
     restore_flags, COUNT(restore_flags), 1, 1, restore_command},
    {"doctor", "", "check data, models and settings",
     "Shows where every setting came from. Exit status 1 when something is wrong.", doctor_flags,
     COUNT(doctor_flags), 0, 0, doctor_command},
    {"people", "[list|add|password|remove] [NAME]", "who has data here",
     "Each sees only their own. The first person is you; with another one everybody must sign in, "
     "so set\n"
     "a password first: sotto people password. Passwords are asked for on the terminal, or are the "
     "first\n"
     "line of standard input. docs/SECURITY.md has the rules.",
     people_flags, COUNT(people_flags), 0, 2, people_command},
    {"token", "[list|create|revoke] [NAME|ID]", "tokens for programs",
     "sotto token create \"kitchen tablet\" --scope voice prints one, once; only its hash is kept."
     "\n"
     "revoke takes an id as the list shows it, or a name, and closes its connections at once.",
     token_flags, COUNT(token_flags), 0, 2, token_command},
    {"export", "FILE.zip", "all that a person owns, in open formats",
     "Documents with their originals and texts, tasks, calendar, conversations, memory, briefings "
     "and the\n"
     "ledger as JSON and iCalendar, and a manifest with the SHA-256 of every file.\n"
     "Works while the server runs.",
     export_flags, COUNT(export_flags), 1, 1, export_command},
    {"audit", "", "who did what, when and from where",
     "Changes, signing in, and what was refused; the latest at the end.", audit_flags,
     COUNT(audit_flags), 0, 0, audit_command},
    {"migrate", "--to qdrant|sqlite", "move everything to a Qdrant server, or back to a file",
     "Needs qdrant_url, and no running server. Every row is read again at the end and compared, by "
     "number\n"
     "and SHA-256. Interrupted, say it again: it goes on. What was left behind stays as it was.",
     migrate_flags, COUNT(migrate_flags), 0, 0, migrate_command},
    {"version", "", "show the version", NULL, NULL, 0, 0, 0, version_command},
    {"help", "[COMMAND]", "show help on a command", NULL, NULL, 0, 0, 1, help_command},
};

const CliCommand *cli_commands(size_t *n)
{
    *n = COUNT(commands);
    return commands;
}
