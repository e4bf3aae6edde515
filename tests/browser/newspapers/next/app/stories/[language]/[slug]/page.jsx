import Related from '../../../../components/Related.jsx';
import Story from '../../../../components/Story.jsx';
import { about, found, named } from '../../../../stories.js';

export const generateStaticParams = () => named('en');
export const generateMetadata = async ({ params }) => {
  const { language, slug } = await params;
  return about(found(language, slug));
};

// Static and hydrated: the text is in the page, and what is related comes once its scripts run
export default async function Page({ params }) {
  const { language, slug } = await params;
  const story = found(language, slug);
  return (
    <>
      <Story story={story}>{story.body.map((text) => <p key={text}>{text}</p>)}</Story>
      <Related language={language} path={story.path} />
    </>
  );
}
