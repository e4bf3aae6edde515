import { json } from '@sveltejs/kit';
import { found, names } from '$lib/stories.server.js';

export const prerender = true;
export const entries = () => names.filter(({ language }) => language !== 'en');
export const GET = ({ params }) => json(found(params.language, params.slug));
