'use client';
import { useEffect, useState } from 'react';
import Story from './Story.jsx';

// A shell: scripts fetch the story, and write the whole article
export default function Live({ language, slug }) {
  const [story, setStory] = useState(null);
  useEffect(() => {
    fetch(`/data/${language}/${slug}.json`).then((answer) => answer.json()).then(setStory);
  }, [language, slug]);
  return story && <Story story={story}>{story.body.map((text) => <p key={text}>{text}</p>)}</Story>;
}
