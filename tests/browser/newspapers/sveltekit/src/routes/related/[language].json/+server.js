import { json } from '@sveltejs/kit';
import { every } from '$lib/stories.server.js';

export const prerender = true;
export const entries = () => [{ language: 'en' }];
export const GET = ({ params }) =>
  json(every.filter(({ language }) => language === params.language).map(({ path, headline }) => ({ path, headline })));
