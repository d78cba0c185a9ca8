// A recording, to be heard from the second that is cited.
import { useEffect, useRef } from 'react';

export function Recording({ id, title, at = 0 }: { id: string; title: string; at?: number }) {
  const player = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const p = player.current;
    if (!p) return undefined;
    const seek = () => {
      p.currentTime = at;
    };
    if (p.readyState > 0) seek();
    p.addEventListener('loadedmetadata', seek);
    return () => p.removeEventListener('loadedmetadata', seek);
  }, [id, at]);
  return (
    <audio
      ref={player}
      className="recording"
      controls
      preload="metadata"
      src={`/api/v1/knowledge/documents/${id}/original`}
      aria-label={`Recording: ${title}`}
    />
  );
}
