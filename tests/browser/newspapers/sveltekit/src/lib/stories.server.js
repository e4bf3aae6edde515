// Written beside this file before the build
import stories from './stories.json';

export const every = stories;

export const found = (language, slug) =>
  stories.find((story) => story.language === language && story.slug === slug);

export const names = stories.map(({ language, slug }) => ({ language, slug }));
