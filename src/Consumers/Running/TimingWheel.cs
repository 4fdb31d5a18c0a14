using ChannelsNet.Background;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Running;

/// <summary>
/// Deadlines of any number of connections on one timer, which stops while there are none. A deadline is due up to three <see cref="Step"/>s late, never early.
/// </summary>
/// <remarks>
/// <para><b>The guarantee.</b> <see cref="Deadline.OnDue"/> runs under the lock of its deadline (<c>lock (deadline)</c>), and <see cref="Set"/>,
/// <see cref="Clear"/> and <see cref="Cancel"/> take the same lock. So once one of them has returned, <see cref="Deadline.OnDue"/> does not run for any earlier
/// setting, not even on a timer thread that has already found the deadline due. After <see cref="Cancel"/> it never runs again, and <see cref="Set"/> does nothing.
/// An owner that changes its state under <c>lock (deadline)</c> therefore needs no check of its own for a deadline that is late.</para>
/// <para>An exception of one deadline is logged and affects no other. <see cref="Deadline.OnDue"/> runs without the execution context of whoever set it.</para>
/// <para>The slots of the wheel are lists of the deadlines that are due when the wheel reaches them. A deadline more than one round away stays in its list
/// until its round. Setting, moving and cancelling one costs the same however many there are.</para>
/// </remarks>
internal sealed class TimingWheel : IDisposable
{
    /// <summary>The precision.</summary>
    public static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    // Taken after the lock of a deadline, never before it.
    private readonly Lock _lock = new();
    private readonly Deadline?[] _slots = new Deadline?[512];
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _start;
    private readonly ITimer _timer;
    private long _reached;
    private int _count;
    private bool _isDisposed;

    public TimingWheel(TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
        _start = time.GetTimestamp();

        _timer = BackgroundWork.CreateTimer("The timer of the connections", logger, time, Advance, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Something that happens at a time, unless it is moved or cancelled before.</summary>
    public abstract class Deadline
    {
        internal long Due { get; set; } = -1;

        internal Deadline? Next { get; set; }

        internal Deadline? Previous { get; set; }

        /// <summary>Whether the wheel has taken it out of its slot to run it.</summary>
        internal bool IsDue { get; set; }

        internal bool IsCancelled { get; set; }

        /// <summary>
        /// The time has come. Runs under <c>lock (this)</c> on a timer thread, one deadline after the other: start something, never wait.
        /// </summary>
        protected internal abstract void OnDue();
    }

    /// <summary>Sets a deadline, or moves it. Does nothing after <see cref="Cancel"/>.</summary>
    public void Set(Deadline deadline, TimeSpan after)
    {
        lock (deadline)
        {
            if (!deadline.IsCancelled)
            {
                Add(deadline, after);
            }
        }
    }

    /// <summary>Takes a deadline off; it can be set again.</summary>
    public void Clear(Deadline deadline)
    {
        lock (deadline)
        {
            lock (_lock)
            {
                Remove(deadline);
            }
        }
    }

    /// <summary>Takes a deadline off for good.</summary>
    public void Cancel(Deadline deadline)
    {
        lock (deadline)
        {
            deadline.IsCancelled = true;
            lock (_lock)
            {
                Remove(deadline);
            }
        }
    }

    /// <summary>No deadline becomes due any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
        }

        _timer.Dispose();
    }

    private void Add(Deadline deadline, TimeSpan after)
    {
        lock (_lock)
        {
            Remove(deadline);
            if (_isDisposed)
            {
                return;
            }

            var now = Now();
            if (_count == 0)
            {
                _reached = now;
                _timer.Change(Step, Step);
            }

            // One step more than the time takes, because the current step has already begun.
            deadline.Due = now + 1 + (long)Math.Ceiling(after / Step);
            ref var first = ref SlotOf(deadline.Due);
            deadline.Next = first;
            first?.Previous = deadline;
            first = deadline;
            _count++;
        }
    }

    private void Advance()
    {
        foreach (var deadline in TakeDue())
        {
            BackgroundWork.Call(deadline.GetType().Name, _logger, () => Run(deadline));
        }
    }

    private static void Run(Deadline deadline)
    {
        lock (deadline)
        {
            if (deadline.IsDue)
            {
                deadline.IsDue = false;
                deadline.OnDue();
            }
        }
    }

    private List<Deadline> TakeDue()
    {
        List<Deadline> due = [];
        lock (_lock)
        {
            for (var now = Now(); _reached < now && _count > 0;)
            {
                _reached++;
                for (var deadline = SlotOf(_reached); deadline is not null;)
                {
                    var next = deadline.Next;
                    if (deadline.Due <= _reached)
                    {
                        Remove(deadline);
                        deadline.IsDue = true;
                        due.Add(deadline);
                    }

                    deadline = next;
                }
            }

            if (_count == 0 && !_isDisposed)
            {
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }

        return due;
    }

    private long Now() => (long)(_time.GetElapsedTime(_start) / Step);

    private ref Deadline? SlotOf(long step) => ref _slots[step % _slots.Length];

    private void Remove(Deadline deadline)
    {
        deadline.IsDue = false;
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
            SlotOf(deadline.Due) = deadline.Next;
        }

        deadline.Next?.Previous = deadline.Previous;
        (deadline.Next, deadline.Previous, deadline.Due) = (null, null, -1);
        _count--;
    }
}
