//! What the page loads: itself, the texts so far, and a stream of what happens next.
