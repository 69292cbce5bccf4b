//! A socket with its limits on. actix reads and writes through it.

use super::Limits;
use super::course::{Course, Phase};
use super::room::{Room, Seat};
use socket2::SockRef;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// What a head that is too large is told. actix would let it grow to 128 KB first.
const TOO_LARGE: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\n\
    connection: close\r\ncontent-type: application/json\r\ncontent-length: 70\r\n\r\n\
    {\"error\":\"head_too_large\",\"message\":\"The head is larger than 16 KiB.\"}";

/// One connection.
pub struct Stream {
    io: TcpStream,
    course: Rc<Course>,
    seat: Seat,
    limits: Arc<Limits>,
    /// When the phase has lasted too long.
    deadline: Pin<Box<Sleep>>,
    /// actix was told to wait although there may be bytes.
    held_back: bool,
}

impl Stream {
    /// Takes a connection in.
    pub fn new(io: TcpStream, limits: Arc<Limits>, room: &Rc<Room>) -> Self {
        let deadline = Box::pin(sleep(limits.idle));
        Self { io, course: Rc::default(), seat: room.enter(), limits, deadline, held_back: false }
    }

    /// What the app says about this connection.
    pub fn course(&self) -> Rc<Course> {
        self.course.clone()
    }

    /// Leaves if its place is needed. A request that lies in the socket unread is not thrown away for one that is
    /// only about to come: many connect faster than all of them are read.
    fn give_way(&mut self) {
        if !self.course.is_asked_to_leave() || !self.course.is_between_requests() {
            return;
        }
        self.seat.stir();
        // Asked of the system: the runtime learns of it with its next look at all sockets. Who has begun a head has had
        // its turn.
        let comes = self.course.phase() == Phase::Waiting
            && SockRef::from(&self.io).peek(&mut [MaybeUninit::uninit()]).is_ok_and(|bytes| bytes > 0);
        if !comes {
            self.course.end();
        }
    }

    /// Keeps the time. One that is over is read to its end, which lets actix finish what it has; if that takes too
    /// long, too, it fails.
    fn keep_time(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        loop {
            if let Some(time) = self.course.begun(&self.limits) {
                self.deadline.as_mut().reset(Instant::now() + time);
                if !self.course.is_between_requests() {
                    self.seat.stir();
                }
            }
            if self.deadline.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
            if !self.course.end() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            cx.waker().wake_by_ref();
        }
    }

    /// Waits, if there is no complete request, as one of those whose place may be needed. actix need not read again
    /// after an answer, so this is asked for whenever all is written, too.
    fn take_place(&mut self, cx: &Context<'_>) {
        if matches!(self.course.phase(), Phase::Waiting | Phase::Head) {
            self.seat.wait(&self.course, cx.waker());
        }
    }

    fn read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let room = self.course.room();
        if room == 0 {
            self.held_back = true;
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = if room < buffer.remaining() {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
            let read = Pin::new(&mut self.io).poll_read(cx, &mut part);
            let count = part.filled().len();
            buffer.advance(count);
            read
        } else {
            Pin::new(&mut self.io).poll_read(cx, buffer)
        };
        if read.is_pending() {
            self.take_place(cx);
        }
        ready!(read)?;
        if !self.course.came(&buffer.filled()[before..]) {
            buffer.set_filled(before);
            // The socket takes it at once: nothing else waits to be written.
            let _ = Pin::new(&mut self.io).poll_write(cx, TOO_LARGE);
            let _ = Pin::new(&mut self.io).poll_shutdown(cx);
            self.keep_time(cx)?;
            return self.throw_away(cx);
        }
        // A phase may have begun with these bytes.
        self.keep_time(cx)?;
        Poll::Ready(Ok(()))
    }

    /// Offers its place, unless it has a request.
    fn wait(&mut self, cx: &Context<'_>) {
        if self.course.is_between_requests() {
            self.seat.wait(&self.course, cx.waker());
        }
    }

    /// Reads on, so that what was written last is not lost in a reset.
    fn throw_away(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.give_way();
        this.keep_time(cx)?;
        match this.course.phase() {
            Phase::Over => Poll::Ready(Ok(())),
            // Not by actix, which would grow its buffer first.
            Phase::Closing | Phase::Refused => this.throw_away(cx),
            _ => this.read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.keep_time(cx)?;
        Pin::new(&mut this.io).poll_write(cx, bytes)
    }

    /// actix flushes at the end of each of its turns, once all is written.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.course.flushed() {
            this.seat.stir();
            this.wait(cx);
        }
        this.keep_time(cx)?;
        this.take_place(cx);
        if this.held_back && this.course.room() > 0 {
            this.held_back = false;
            cx.waker().wake_by_ref();
        }
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.keep_time(cx)?;
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::io::Write;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    /// How many bytes come; none is the end.
    async fn next(stream: &mut Stream) -> usize {
        AsyncReadExt::read(stream, &mut [0; 64]).await.unwrap()
    }

    /// A connection that waits in a room for one, and its other end.
    async fn waiting(room: &Rc<Room>) -> (Stream, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (io, _) = listener.accept().await.unwrap();
        let mut stream = Stream::new(io, Arc::default(), room);
        assert_eq!(next(&mut stream).now_or_never(), None);
        (stream, client)
    }

    #[tokio::test]
    async fn a_request_that_lies_unread_is_not_thrown_away_for_a_newcomer() {
        let room = Room::new(1);
        let (mut stream, mut client) = waiting(&room).await;
        client.write_all(b"GET /").unwrap();
        let newcomer = room.enter();
        assert_eq!(next(&mut stream).await, 5);
        // The rest of the head is late, and others wait.
        assert_eq!(next(&mut stream).now_or_never(), None);
        client.write_all(b"livez").unwrap();
        drop(newcomer);
        let _newcomer = room.enter();
        assert_eq!(next(&mut stream).await, 0);
    }

    #[tokio::test]
    async fn a_connection_that_says_nothing_gives_its_place_to_a_newcomer() {
        let room = Room::new(1);
        let (mut stream, _client) = waiting(&room).await;
        let _newcomer = room.enter();
        assert_eq!(next(&mut stream).await, 0);
    }
}
