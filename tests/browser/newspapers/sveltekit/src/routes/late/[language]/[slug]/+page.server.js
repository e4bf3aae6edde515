import { found } from '$lib/stories.server.js';

export const load = ({ params }) => {
  const { body, ...story } = found(params.language, params.slug);
  return { story, first: body[0] };
};
