export default function Story({ story, children }) {
  return (
    <article dir={story.language === 'ar' ? 'rtl' : 'ltr'}>
      <h1>{story.headline}</h1>
      <p className="byline">
        {story.by} <span className="author">{story.author}</span> <time dateTime={story.published}>{story.published.slice(0, 10)}</time>
      </p>
      <img src={`/pictures/${story.image}.png`} alt="" width="460" height="300" loading="lazy" />
      {children}
    </article>
  );
}
