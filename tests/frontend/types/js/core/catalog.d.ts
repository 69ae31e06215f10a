/** The texts by their keys, as the server makes them; those that are counted have a form for each category. */
declare const texts: Record<string, any>;
export default texts;
