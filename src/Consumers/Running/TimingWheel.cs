namespace ChannelsNet.Running;

/// <summary>
/// Deadlines of any number of connections on one timer, which rests when there are none. A deadline is noticed up to three <see cref="Step"/>s late, never early.
/// </summary>
/// <remarks>
/// The spokes of the wheel are lists of the deadlines that are due when it has turned there. A deadline further away than one round stays in its list
/// and is passed over until its round has come. To set, move or cancel one costs the same however many there are.
/// </remarks>
internal sealed class TimingWheel(TimeProvider time) : IDisposable
{
    /// <summary>How precise it is.</summary>
    public static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly Deadline?[] _spokes = new Deadline?[512];
    private readonly long _start = time.GetTimestamp();
    private ITimer? _timer;
    private long _turned;
    private int _count;

    /// <summary>Something that is to happen at a time, unless it is moved or cancelled before.</summary>
    public abstract class Deadline
    {
        internal long Due { get; set; } = -1;

        internal Deadline? Next { get; set; }

        internal Deadline? Previous { get; set; }

        /// <summary>
        /// The time has come, perhaps in the very moment in which the deadline is moved or cancelled. Called on the timer's thread, one deadline after
        /// the other: start something, never wait.
        /// </summary>
        protected internal abstract void OnDue();
    }

    /// <summary>Sets a deadline, or moves it.</summary>
    public void Set(Deadline deadline, TimeSpan after)
    {
        lock (_spokes)
        {
            Remove(deadline);
            var now = Now();
            if (_count == 0)
            {
                _turned = now;
                _timer ??= time.CreateTimer(static wheel => ((TimingWheel)wheel!).Turn(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _timer.Change(Step, Step);
            }

            // One step more than the time takes, since the step that is under way has begun already.
            deadline.Due = now + 1 + (long)Math.Ceiling(after / Step);
            ref var first = ref Spoke(deadline.Due);
            deadline.Next = first;
            first?.Previous = deadline;
            first = deadline;
            _count++;
        }
    }

    public void Cancel(Deadline deadline)
    {
        lock (_spokes)
        {
            Remove(deadline);
        }
    }

    public void Dispose() => _timer?.Dispose();

    private void Turn()
    {
        List<Deadline>? due = null;
        lock (_spokes)
        {
            for (var now = Now(); _turned < now && _count > 0;)
            {
                _turned++;
                for (var deadline = Spoke(_turned); deadline is not null;)
                {
                    var next = deadline.Next;
                    if (deadline.Due <= _turned)
                    {
                        Remove(deadline);
                        (due ??= []).Add(deadline);
                    }

                    deadline = next;
                }
            }

            if (_count == 0)
            {
                _timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }

        foreach (var deadline in due ?? [])
        {
            deadline.OnDue();
        }
    }

    private long Now() => (long)(time.GetElapsedTime(_start) / Step);

    private ref Deadline? Spoke(long step) => ref _spokes[step % _spokes.Length];

    private void Remove(Deadline deadline)
    {
        if (deadline.Due < 0)
        {
            return;
        }

        if (deadline.Previous is { } previous)
        {
            previous.Next = deadline.Next;
        }
        else
        {
            Spoke(deadline.Due) = deadline.Next;
        }

        deadline.Next?.Previous = deadline.Previous;
        (deadline.Next, deadline.Previous, deadline.Due) = (null, null, -1);
        _count--;
    }
}
