/** What is being said just now, before it is part of the dialogue. Read out once it is. */
export function Draft({ said, reply }: { said: string; reply: string }) {
  if (said === "" && reply === "") return null;
  return (
    <div className="exchange" aria-hidden="true" data-testid="draft">
      {said !== "" && <p className="question draft">{said}</p>}
      {reply !== "" && <p className="answer-text coming">{reply}</p>}
    </div>
  );
}
