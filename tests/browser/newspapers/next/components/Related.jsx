'use client';
import { useEffect, useState } from 'react';

export default function Related({ language, path }) {
  const [related, setRelated] = useState([]);
  useEffect(() => {
    fetch(`/related/${language}.json`)
      .then((answer) => answer.json())
      .then((all) => setRelated(all.filter((other) => other.path !== path).slice(0, 3)));
  }, [language, path]);
  return (
    <aside>
      <h3>Related stories</h3>
      <ul>{related.map((other) => <li key={other.path}><a href={other.path}>{other.headline}</a></li>)}</ul>
    </aside>
  );
}
