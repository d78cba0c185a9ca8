import { cleanup } from '@testing-library/react';
import { afterEach, vi } from 'vitest';

// What jsdom does not have and the page asks for at once.
vi.stubGlobal('matchMedia', (query: string) => ({
  matches: false,
  media: query,
  addEventListener() {},
  removeEventListener() {},
}));
vi.stubGlobal('BroadcastChannel', undefined);
afterEach(cleanup);
