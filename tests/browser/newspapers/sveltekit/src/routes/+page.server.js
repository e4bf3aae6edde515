import { every } from '$lib/stories.server.js';

export const load = () => ({
  stories: every.map(({ path, headline, summary }) => ({ path, headline, summary }))
});
