using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;

namespace BlasNet.Ranks;

/// <summary>What ranks do together, made of the two operations that a <see cref="Communicator"/> has.</summary>
public static class Collectives
{
    private const int BroadcastLength = 1 << 22;   // values in one piece

    /// <summary>The value that each rank gives, in the order of ranks.</summary>
    public static T[] AllGather<T>(this Communicator ranks, T mine) where T : unmanaged
    {
        var all = new T[ranks.Size];
        var lengths = new int[ranks.Size];
        Array.Fill(lengths, Unsafe.SizeOf<T>());
        ranks.AllGather(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in mine)), MemoryMarshal.AsBytes(all.AsSpan()), lengths);
        return all;
    }

    /// <summary>The bytes that each rank gives, whose number differs from rank to rank.</summary>
    internal static byte[][] AllGatherBytes(this Communicator ranks, ReadOnlySpan<byte> mine)
    {
        int[] lengths = ranks.AllGather(mine.Length);
        var all = new byte[lengths.Sum()];
        ranks.AllGather(mine, all, lengths);
        var parts = new byte[ranks.Size][];
        int start = 0;
        for (int rank = 0; rank < ranks.Size; start += lengths[rank++])
            parts[rank] = all[start..(start + lengths[rank])];

        return parts;
    }

    /// <summary>The text that each rank gives.</summary>
    public static string[] AllGather(this Communicator ranks, string mine) =>
        [.. ranks.AllGatherBytes(Encoding.UTF8.GetBytes(mine)).Select(Encoding.UTF8.GetString)];

    /// <summary>Gives all ranks the values of rank 0.</summary>
    public static void Broadcast<T>(this Communicator ranks, Span<T> data) where T : unmanaged
    {
        var lengths = new int[ranks.Size];
        var received = new T[Math.Min(data.Length, BroadcastLength)];
        for (int start = 0; start < data.Length; start += BroadcastLength)
        {
            Span<T> chunk = data.Slice(start, Math.Min(BroadcastLength, data.Length - start));
            Span<byte> bytes = MemoryMarshal.AsBytes(received.AsSpan(0, chunk.Length));
            lengths[0] = bytes.Length;
            ranks.AllGather(ranks.Rank == 0 ? MemoryMarshal.AsBytes(chunk) : [], bytes, lengths);
            received.AsSpan(0, chunk.Length).CopyTo(chunk);
        }
    }

    /// <summary>The text of rank 0.</summary>
    public static string Broadcast(this Communicator ranks, string text) => ranks.AllGather(ranks.Rank == 0 ? text : "")[0];

    /// <summary>Whether it is so on any rank.</summary>
    public static bool Any(this Communicator ranks, bool mine) => ranks.AllGather(mine ? (byte)1 : (byte)0).Contains((byte)1);

    /// <summary>Does something that may fail on one rank alone; then it ends with an error on all. It must not communicate itself.</summary>
    /// <param name="ranks">Null for a process of its own.</param>
    /// <param name="action">Is done on every rank.</param>
    /// <exception cref="CommunicatorException">It failed on another rank, of a lower number than this one where it failed here too.</exception>
    public static void Together(this Communicator? ranks, Action action)
    {
        if (ranks is null)
        {
            action();
            return;
        }

        Exception? error = null;
        try
        {
            action();
        }
        catch (Exception e)
        {
            error = e;
        }

        ranks.ThrowIfAny(error);
    }

    /// <summary>Lets all ranks know of an error, that of the lowest rank which has one.</summary>
    /// <param name="ranks">Who all call this.</param>
    /// <param name="error">On this rank; null for none.</param>
    internal static void ThrowIfAny(this Communicator ranks, Exception? error)
    {
        byte[] failed = ranks.AllGather(error is null ? (byte)0 : (byte)1);
        int first = Array.IndexOf(failed, (byte)1);
        if (first < 0)
            return;

        string[] messages = ranks.AllGather(error?.Message ?? "");
        if (ranks.Rank == first)
            ExceptionDispatchInfo.Throw(error!);

        throw new CommunicatorException(first, ranks.NameOf(first), messages[first]);
    }

    /// <exception cref="CommunicatorException">A rank says something else of itself than rank 0, by name.</exception>
    internal static void RequireAgreement(this Communicator ranks, IEnumerable<(string Name, string Value)> facts)
    {
        string[] texts = ranks.AllGather(string.Join('\n', facts.Select(fact => $"{fact.Name}\t{fact.Value.Replace('\n', ';')}")));
        for (int rank = 1; rank < texts.Length; rank++)
        {
            if (texts[rank] != texts[0])
                throw new CommunicatorException(rank, ranks.NameOf(rank), DescribeDifference(texts[rank], texts[0], ranks.NameOf(0)));
        }
    }

    private static string DescribeDifference(string there, string atRoot, string root)
    {
        Dictionary<string, string> mine = Parse(there), theirs = Parse(atRoot);
        string name = mine.Keys.Concat(theirs.Keys).First(key => mine.GetValueOrDefault(key) != theirs.GetValueOrDefault(key));
        return $"{name} is {mine.GetValueOrDefault(name, "missing")}; on {root} it is {theirs.GetValueOrDefault(name, "missing")}. "
            + "All ranks must be started alike, with the same program, data and options.";
    }

    private static Dictionary<string, string> Parse(string text) =>
        text.Split('\n').Select(line => line.Split('\t', 2)).ToDictionary(parts => parts[0], parts => parts[^1]);
}
