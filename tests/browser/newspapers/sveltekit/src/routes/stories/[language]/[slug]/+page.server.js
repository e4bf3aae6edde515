import { found, names } from '$lib/stories.server.js';

export const entries = () => names.filter(({ language }) => language === 'en');
export const load = ({ params }) => ({ story: found(params.language, params.slug) });
