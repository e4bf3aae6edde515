export const ssr = false;
export const load = async ({ params, fetch }) => {
  const answer = await fetch(`/data/${params.language}/${params.slug}.json`);
  return { story: await answer.json() };
};
