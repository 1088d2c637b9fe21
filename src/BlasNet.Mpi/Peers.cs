using System.Globalization;

namespace BlasNet.Mpi;

/// <summary>Where the ranks run, and whether those on this machine still do.</summary>
internal sealed class Peers
{
    private readonly int _rank;
    private readonly (string Host, int Process)[] _places;

    private Peers(int rank, (string Host, int Process)[] places) => (_rank, _places) = (rank, places);

    /// <summary>What this process says of itself.</summary>
    public static string Self => string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}\t{Environment.ProcessId}");

    /// <summary>Before anything is known of the others.</summary>
    public static Peers Alone(int rank, int size) => new(rank, new (string, int)[size]);

    /// <param name="rank">This one.</param>
    /// <param name="texts">What each says of itself.</param>
    public static Peers Of(int rank, string[] texts) =>
        new(rank, [.. texts.Select(text => text.Split('\t')).Select(parts => (parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture)))]);

    public string NameOf(int rank) => _places[rank].Process == 0
        ? string.Create(CultureInfo.InvariantCulture, $"rank {rank}")
        : string.Create(CultureInfo.InvariantCulture, $"rank {rank} on {_places[rank].Host} (process {_places[rank].Process})");

    /// <exception cref="MpiException">A rank on this machine has ended.</exception>
    public void RequireAlive()
    {
        for (int rank = 0; rank < _places.Length; rank++)
        {
            (string host, int process) = _places[rank];
            if (rank != _rank && process != 0 && host == _places[_rank].Host && HasEnded(process))
                throw new MpiException($"{char.ToUpperInvariant(NameOf(rank)[0])}{NameOf(rank)[1..]} has ended; the others cannot go on without it.");
        }
    }

    // Who has ended may be there as a zombie until its parent asks for its exit code. The state follows the name, which may have brackets itself.
    private static bool HasEnded(int process)
    {
        if (!OperatingSystem.IsLinux())
            return false;

        try
        {
            string status = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            return status.LastIndexOf(')') is >= 0 and var end && status.Length > end + 2 && status[end + 2] is 'Z' or 'X';
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;   // it ended while it was looked at
        }
    }
}
