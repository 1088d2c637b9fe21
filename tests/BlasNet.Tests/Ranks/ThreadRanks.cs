using System.Runtime.ExceptionServices;
using BlasNet.Ranks;

namespace BlasNet.Tests.Ranks;

/// <summary>Ranks that are threads of this process. Each call checks what MPI would leave undefined: lengths, and that all ranks make the same calls.</summary>
internal sealed class ThreadRanks
{
    private readonly object _gate = new();
    private readonly (string Call, byte[] Data, int[] Lengths)[] _given;
    private int _waiting, _ended;
    private long _round;

    private ThreadRanks(int size) => _given = new (string, byte[], int[])[size];

    /// <summary>What each rank's function returns; or what the lowest rank that threw has thrown.</summary>
    public static T[] Run<T>(int size, Func<Communicator, T> body)
    {
        (T[] results, Exception?[] errors) = TryRun(size, body);
        if (errors.FirstOrDefault(error => error is not null and not MissingRankException) is { } first)
            ExceptionDispatchInfo.Throw(first);

        return results;
    }

    /// <summary>What each rank's function returns, or throws.</summary>
    public static (T[] Results, Exception?[] Errors) TryRun<T>(int size, Func<Communicator, T> body)
    {
        var ranks = new ThreadRanks(size);
        (var results, var errors) = (new T[size], new Exception?[size]);
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank => new Thread(() => ranks.RunOne(rank, body, results, errors)))];
        foreach (Thread thread in threads)
            thread.Start();

        foreach (Thread thread in threads)
            thread.Join();

        return (results, errors);
    }

    private void RunOne<T>(int rank, Func<Communicator, T> body, T[] results, Exception?[] errors)
    {
        try
        {
            results[rank] = body(new ThreadCommunicator(this, rank));
        }
        catch (Exception e)
        {
            errors[rank] = e;
        }

        lock (_gate)
        {
            _ended++;
            Monitor.PulseAll(_gate);
        }
    }

    // Until all ranks are here; an error where one has ended, which would never come.
    private void Meet()
    {
        lock (_gate)
        {
            long round = _round;
            if (++_waiting == _given.Length)
            {
                (_waiting, _round) = (0, _round + 1);
                Monitor.PulseAll(_gate);
            }

            while (_round == round)
            {
                if (_waiting + _ended >= _given.Length)
                    throw new MissingRankException();

                Monitor.Wait(_gate);
            }
        }
    }

    private sealed class MissingRankException() : Exception("The other ranks have ended.");

    /// <summary>Bytes that a rank has given so far.</summary>
    public static long GivenBytes(Communicator rank) => ((ThreadCommunicator)rank).Given;

    private sealed class ThreadCommunicator(ThreadRanks ranks, int rank) : Communicator(rank, ranks._given.Length)
    {
        public long Given { get; private set; }

        public override void AllGather(ReadOnlySpan<byte> mine, Span<byte> all, ReadOnlySpan<int> lengths)
        {
            Assert.Equal(lengths[Rank], mine.Length);
            Assert.Equal(lengths.ToArray().Sum(), all.Length);
            Give(nameof(AllGather), mine, lengths);
            foreach ((string call, byte[] data, int[] otherLengths) in ranks._given)
            {
                Assert.Equal(nameof(AllGather), call);
                Assert.Equal(lengths.ToArray(), otherLengths);
                data.CopyTo(all);
                all = all[data.Length..];
            }

            ranks.Meet();
        }

        public override void AllToAll(ReadOnlySpan<byte> mine, ReadOnlySpan<int> lengths, Span<byte> received, ReadOnlySpan<int> receivedLengths)
        {
            Assert.Equal(lengths.ToArray().Sum(), mine.Length);
            Assert.Equal(receivedLengths.ToArray().Sum(), received.Length);
            Give(nameof(AllToAll), mine, lengths);
            for (int from = 0; from < Size; from++)
            {
                (string call, byte[] data, int[] theirs) = ranks._given[from];
                Assert.Equal((nameof(AllToAll), receivedLengths[from]), (call, theirs[Rank]));
                data.AsSpan(theirs.AsSpan(0, Rank).ToArray().Sum(), theirs[Rank]).CopyTo(received);
                received = received[theirs[Rank]..];
            }

            ranks.Meet();
        }

        private void Give(string call, ReadOnlySpan<byte> mine, ReadOnlySpan<int> lengths)
        {
            Given += mine.Length;
            ranks._given[Rank] = (call, mine.ToArray(), lengths.ToArray());
            WorkMeanwhile();
            ranks.Meet();
        }
    }
}
