// What the interface answers with, as /openapi.json says it; only what the page uses.
export type Uuid = string;

export interface DocumentMeta {
  source: string | null;
  file_type: string;
  tags: string[];
  summary: string | null;
  importance_score: number;
  author?: string | null;
  language?: string | null;
  importance_reasons?: { signal: string; contribution: number }[];
  dates?: { mentioned?: string[] } | null;
}
export interface Doc {
  id: Uuid;
  title: string;
  content: string;
  metadata: DocumentMeta;
  created_at: string;
  updated_at: string;
  bytes: number;
  pages: number | null;
  chunks: number;
  filename?: string | null;
  media_type: string;
}
export interface DocList {
  documents: Doc[];
  total: number;
  next_cursor: string | null;
}

export interface Match {
  chunk_id: Uuid;
  text: string;
  start: number;
  end: number;
  page: number | null;
  similarity: number | null;
  keyword_rank: number | null;
  vector_rank: number | null;
  fused_score: number;
  context?: string | null;
  snippet?: { start: number; end: number };
  marks?: [number, number][];
  time_start?: number; // of a recording: seconds
  time_end?: number;
}
export interface Hit extends Doc {
  score: number;
  matches: Match[];
}
export interface Found {
  documents: Hit[];
  total: number;
  query_time_ms: number;
  cached?: boolean;
}

export interface Citation {
  document_id: Uuid;
  title: string;
  source?: string | null;
  text: string;
  start: number;
  end: number;
  page: number | null;
  similarity?: number | null;
  time_start?: number; // of a recording: seconds
  time_end?: number;
  gone?: boolean;
}
export type Intent =
  | 'Unknown'
  | { Query: { query: string } }
  | { Information: { topic: string } }
  | { Command: { action: string; parameters: string[] } };
export interface Reply {
  session_id: Uuid;
  response: string;
  citations: Citation[];
  intent: Intent;
  action: string;
  confidence: number;
  tasks: Uuid[];
  found?: boolean;
  can_undo: boolean;
  speech: 'say' | 'stop' | 'again';
  speed: number;
  response_time_ms: number;
  model?: string | null; // that wrote the answer
  note?: string | null; // what a person should know about it
}
export interface VoiceInteraction extends Partial<Reply> {
  id: Uuid;
  transcript: string;
  response: string;
  confidence: number;
  processing_time_ms: number;
}
export interface Message {
  id: Uuid;
  role: 'user' | 'assistant';
  text: string;
  at: string;
  citations?: Citation[];
  action?: string;
  confidence?: number;
  found?: boolean;
  response_time_ms?: number;
  model?: string | null;
  note?: string | null;
}
export interface Conversation {
  id: Uuid;
  title: string;
  message_count: number;
  created_at: string;
  updated_at: string;
}
export interface ConversationMessages extends Conversation {
  messages: Message[];
  next_cursor: string | null;
}
export interface ConversationList {
  conversations: Conversation[];
  total: number;
  next_cursor: string | null;
}

export interface Task {
  id: Uuid;
  kind: 'task' | 'reminder' | 'timer' | 'alarm';
  title: string;
  notes: string;
  status: 'open' | 'done' | 'cancelled';
  priority: 'low' | 'normal' | 'high' | 'urgent';
  due_at: string | null;
  due_timed: boolean;
  overdue: boolean;
  when?: string | null;
  remind_at: string | null;
  reminders?: { at: string; offset_seconds?: number }[];
  snoozed_until: string | null;
  rrule: string | null;
  zone: string;
  tags: string[];
  created_at: string;
  updated_at: string;
  completed_at: string | null;
  source: string;
  revision: number;
}
export interface ChangedTask extends Task {
  change_id: Uuid;
}
export interface TaskList {
  tasks: Task[];
  total: number;
  next_cursor: string | null;
}
export interface Reminder {
  id: Uuid;
  task_id: Uuid;
  at: string;
  due_at: string | null;
  fired_at: string;
  late_seconds: number;
  acknowledged_at: string | null;
  task?: Task | null;
}
export interface Proposal {
  id: Uuid;
  title: string;
  kind: string;
  due_at: string;
  due_timed: boolean;
  document_id: Uuid;
  document_title: string;
  text: string;
  start: number;
  end: number;
}
export interface CalendarEvent {
  id: Uuid;
  title: string;
  start: string;
  end: string;
  all_day: boolean;
  location: string;
  calendar: string;
  occurrence: string | null;
}

export interface BriefingItem {
  text: string;
  reason: string;
  source_id: Uuid | null;
  source_type: 'document' | 'task' | 'event' | 'fact';
  sources: { type: string; id: Uuid; title: string; source?: string | null }[];
  at?: string | null;
  timed?: boolean;
  overdue?: boolean;
  score?: number;
  recent?: number;
  recent_of?: number;
  before?: number;
  before_of?: number;
}
export interface BriefingSection {
  title: string;
  content: string;
  priority: 'Critical' | 'High' | 'Medium' | 'Low';
  lead?: string;
  items: BriefingItem[];
  more: number;
  groups?: {
    name: string;
    new: number;
    changed: number;
    summary: string;
    first_item: number;
    items: number;
  }[];
}
export interface Briefing {
  id: Uuid;
  date: string;
  zone?: string;
  headline?: string;
  sections: BriefingSection[];
  generated_at: string;
}

export type LedgerState = 'pending' | 'indexed' | 'duplicate' | 'refused' | 'failed' | 'deleted';
export interface LedgerEntry {
  source: string;
  state: LedgerState;
  reason: string | null;
  document: Uuid | null;
  file_type: string | null;
  bytes: number;
  chunks: number;
  last_at: string;
}
export type Counts = Record<LedgerState, number>;
export interface Ledger {
  entries: LedgerEntry[];
  counts: Counts;
  total: number;
  covered: number;
  next_cursor: string | null;
}
export interface Coverage {
  counts: Counts;
  total: number;
  covered: number;
  folders: { folder: string; bytes: number; counts: Counts; total: number; covered: number }[];
  types: { type: string; bytes: number; counts: Counts; total: number; covered: number }[];
}
export interface Folder {
  id: Uuid;
  path: string;
  state: string;
  message: string;
  waiting: number;
  finished: number;
  total: number;
  files_per_second: number;
  seconds_left: number | null;
  covered: number;
  paused: boolean;
  files?: Partial<Counts>;
}
export interface Fact {
  id: Uuid;
  text: string;
  subject: string | null;
  value: string | null;
  source: string;
  holds: boolean;
  created_at: string;
  updated_at: string;
  ended_at: string | null;
  replaced_by: Uuid | null;
  conversation_id?: Uuid | null;
  message_id?: Uuid | null;
}
export interface FactList {
  facts: Fact[];
  total: number;
  next_cursor: string | null;
}
export interface Voice {
  id: string;
  name: string;
  language: string;
  backend: string;
}
export interface Stats {
  documents: number;
  chunks: number;
  original_bytes: number;
  text_bytes: number;
  database_bytes: number;
  cache_bytes: number;
  model: string;
  backend: string;
  schema_version: number;
}

export interface Check {
  name: string;
  ok: boolean;
  detail: string;
  mend: string | null;
}
export interface SystemInfo {
  version: string;
  documents: number;
  started_at: string;
  now: string;
  processor: { threads: number; instructions: string };
  memory: { resident_bytes: number };
  storage: { folder: string; database_bytes: number; cache_bytes: number; free_bytes: number };
  queue: { interactive: number; normal: number; bulk: number; files: number };
  models: { name: string; does: string; bytes: number; there: boolean; loaded: boolean | null }[];
  sample: { available: boolean; documents: number };
  features: string[];
  checks: Check[];
}
export interface Setting {
  name: string;
  value: string;
  type: 'text' | 'choice' | 'yes_no' | 'number';
  choices: string[] | null;
  min: number | null;
  max: number | null;
  default: string;
  origin: string;
  fixed: boolean;
  applies: 'now' | 'restart';
  help: string;
  scope: 'page' | 'program';
}
