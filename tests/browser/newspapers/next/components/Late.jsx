'use client';
import { useState } from 'react';
import Story from './Story.jsx';

// The first paragraph is in the page; the others come when a reader asks for them
export default function Late({ story, first }) {
  const [rest, setRest] = useState(null);
  const more = async () => {
    const answer = await fetch(`/data/${story.language}/${encodeURIComponent(story.slug)}.json`);
    setRest((await answer.json()).body.slice(1));
  };
  return (
    <Story story={story}>
      <p>{first}</p>
      {rest ? rest.map((text) => <p key={text}>{text}</p>) : <button onClick={more}>اقرأ المزيد</button>}
    </Story>
  );
}
