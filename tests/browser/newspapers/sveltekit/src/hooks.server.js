export const handle = ({ event, resolve }) =>
  resolve(event, { transformPageChunk: ({ html }) => html.replace('%language%', event.params.language ?? 'en') });
