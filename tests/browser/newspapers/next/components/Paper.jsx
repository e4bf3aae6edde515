import Link from 'next/link';

export default function Paper({ language, children }) {
  return (
    <html lang={language}>
      <body style={{ font: '18px/1.6 serif' }}>
        <header style={{ borderBottom: '4px solid rgb(0, 90, 130)' }}><Link href="/">The Tidewater Courier</Link></header>
        <main style={{ maxWidth: '40rem', margin: 'auto' }}>{children}</main>
        <footer><p>Printed on tidal power since 1911.</p></footer>
      </body>
    </html>
  );
}
