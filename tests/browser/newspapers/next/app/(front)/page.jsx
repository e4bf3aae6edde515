import Link from 'next/link';
import { every } from '../../stories.js';

export const metadata = { title: 'The Tidewater Courier' };

export default function Front() {
  return every.map(({ path, headline, summary }) => (
    <section key={path}><h2><Link href={path}>{headline}</Link></h2><p>{summary}</p></section>
  ));
}
