// Written beside this file before the build
import stories from './stories.json' with { type: 'json' };

export const every = stories;

export const found = (language, slug) => stories.find((story) => story.language === language && story.slug === slug);

export const named = (language) => stories.filter((story) => story.language === language).map(({ slug }) => ({ language, slug }));

export const about = (story) => ({
  title: story.headline,
  description: story.summary,
  authors: [{ name: story.author }],
  openGraph: { type: 'article', title: story.headline, publishedTime: story.published }
});
