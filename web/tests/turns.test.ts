import { describe, expect, it } from 'vitest';
import type { Message, Reply, VoiceInteraction } from '../src/api/types';
import {
  answering,
  fateOf,
  finish,
  grow,
  hear,
  heard,
  said,
  spokenAnswer,
  stopped,
  unanswered,
} from '../src/state/turns';

const AT = '2026-11-23T10:00:00Z';
const reply = (response: string): Reply => ({
  session_id: 's',
  response,
  citations: [],
  intent: 'Unknown',
  action: 'question',
  confidence: 0.8,
  tasks: [],
  can_undo: false,
  speech: 'say',
  speed: 1,
  response_time_ms: 9,
});
const interaction = (transcript: string, response: string): VoiceInteraction => ({
  id: 'v',
  transcript,
  response,
  confidence: 0.7,
  processing_time_ms: 300,
});

describe('a streamed answer', () => {
  it('grows piece by piece and ends as the server says it', () => {
    const a = answering(AT);
    let turns = grow([said('q', AT), a], a.key, 'The rent ');
    turns = grow(turns, a.key, 'is 950.');
    expect(turns[1]).toMatchObject({ text: 'The rent is 950.', state: 'streaming' });
    expect(finish(turns, a.key, reply('The rent is 950 €.'))[1]).toMatchObject({
      text: 'The rent is 950 €.',
      state: 'done',
      ms: 9,
    });
  });
  it('keeps what there is when it is stopped, and takes nothing more', () => {
    const a = answering(AT);
    const turns = stopped(grow([a], a.key, 'half'), a.key);
    expect(turns[0]).toMatchObject({ text: 'half', state: 'stopped' });
    expect(grow(turns, a.key, ' more')[0]!.text).toBe('half');
  });
});

describe('what is spoken', () => {
  it('is one turn that grows, then final', () => {
    let turns = hear([], 'what is', AT);
    turns = hear(turns, 'what is due today', AT);
    expect(turns.length).toBe(1);
    turns = heard(turns, 'What is due today?', AT);
    expect(turns).toMatchObject([{ text: 'What is due today?', state: 'done', spoken: true }]);
    turns = spokenAnswer(turns, interaction('What is due today?', 'Nothing.'), AT);
    expect(turns.map((t) => t.text)).toEqual(['What is due today?', 'Nothing.']);
  });
  it('stands in its place when only the whole interaction comes', () => {
    const turns = spokenAnswer(
      hear([], 'who', AT),
      interaction('Who owns it?', 'Helen Abbott.'),
      AT,
    );
    expect(turns.map((t) => [t.role, t.text])).toEqual([
      ['user', 'Who owns it?'],
      ['assistant', 'Helen Abbott.'],
    ]);
  });
  it('finishes an answer that streamed', () => {
    const a = answering(AT);
    const turns = spokenAnswer(
      grow([said('Who owns it?', AT, 'done', true), a], a.key, 'Hel'),
      interaction('Who owns it?', 'Helen Abbott.'),
      AT,
    );
    expect(turns.map((t) => t.text)).toEqual(['Who owns it?', 'Helen Abbott.']);
  });
  it('is answered behind its own words when somebody speaks on', () => {
    let turns = heard(hear([], 'who is', AT), 'who is Dana', AT);
    turns = hear(turns, 'and where is she', AT, 'and where');
    turns = spokenAnswer(turns, interaction('who is Dana', 'Your manager.'), AT);
    expect(turns.map((t) => [t.role, t.text, t.state])).toEqual([
      ['user', 'who is Dana', 'done'],
      ['assistant', 'Your manager.', 'done'],
      ['user', 'and where is she', 'partial'],
    ]);
    expect(turns[2]!.settled).toBe('and where'.length);
  });
  it('waits for its answer until there is one', () => {
    const turns = heard([], 'who is Dana', AT);
    expect(unanswered(turns)).toBe(turns[0]);
    expect(unanswered(spokenAnswer(turns, interaction('who is Dana', 'x'), AT))).toBeNull();
    expect(unanswered([said('typed', AT)])).toBeNull();
  });
  it('leaves no turn when nobody spoke', () => {
    expect(heard(hear([], 'hm', AT), ' ', AT)).toEqual([]);
    expect(spokenAnswer([], interaction('', ''), AT)).toEqual([]);
  });
});

describe('after a broken connection', () => {
  const m = (role: 'user' | 'assistant', text: string, at: string): Message => ({
    id: text,
    role,
    text,
    at,
  });
  const there = [
    m('user', 'what is due?', '2026-11-23T09:00:00Z'),
    m('assistant', 'nothing', '2026-11-23T09:00:01Z'),
    m('user', 'remind me', '2026-11-23T10:00:01Z'),
  ];
  it('tells what had arrived from what was lost', () => {
    expect(fateOf(there, 'remind me', AT)).toBe('arrived');
    expect(fateOf([...there, m('assistant', 'done', AT)], 'remind me', AT)).toBe('answered');
    expect(fateOf(there, 'something else', AT)).toBe('lost');
  });
  it('does not take an older one with the same words for it', () => {
    expect(fateOf(there, 'what is due?', AT)).toBe('lost');
  });
});
