// The document that is open beside whatever screen one is on, and where in it.
import { store } from './store';

export interface Place {
  id: string;
  from?: number;
  to?: number;
  page?: number | null;
  at?: number; // of a recording: the second
}
export const reader = store<Place | null>(null);
export const openDocument = (place: Place): void => reader.set(place);
export const searchOpen = store(false);
