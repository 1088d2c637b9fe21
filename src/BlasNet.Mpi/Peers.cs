using System.Globalization;

namespace BlasNet.Mpi;

/// <summary>Where the ranks run, and whether those on this machine still do.</summary>
internal sealed class Peers
{
    private readonly int _rank;
    private readonly Place[] _places;

    private Peers(int rank, Place[] places) => (_rank, _places) = (rank, places);

    /// <summary>What this process says of itself. Containers of one machine may share its name, but count processes by themselves.</summary>
    public static string Self => string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}\t{Namespace}\t{Environment.ProcessId}");

    private static string? Namespace => OperatingSystem.IsLinux() ? new FileInfo("/proc/self/ns/pid").LinkTarget : "";

    /// <summary>Before anything is known of the others.</summary>
    public static Peers Alone(int rank, int size) => new(rank, new Place[size]);

    /// <param name="rank">This one.</param>
    /// <param name="texts">What each says of itself.</param>
    public static Peers Of(int rank, string[] texts) =>
        new(rank, [.. texts.Select(text => text.Split('\t'))
            .Select(parts => new Place(parts[0], parts[1], int.Parse(parts[2], CultureInfo.InvariantCulture)))]);

    public string NameOf(int rank) => _places[rank].Process == 0
        ? string.Create(CultureInfo.InvariantCulture, $"rank {rank}")
        : string.Create(CultureInfo.InvariantCulture, $"rank {rank} on {_places[rank].Host} (process {_places[rank].Process})");

    /// <exception cref="MpiException">A rank on this machine has ended.</exception>
    public void RequireAlive()
    {
        for (int rank = 0; rank < _places.Length; rank++)
        {
            Place place = _places[rank];
            if (rank != _rank && place.Process != 0 && place.CountsProcessesAs(_places[_rank]) && HasEnded(place.Process))
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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;   // it is not there, or ended while it was looked at
        }
    }

    /// <param name="Host">The machine's name.</param>
    /// <param name="Namespace">Within which process numbers count; empty where there is but one.</param>
    /// <param name="Process">Its number there; 0 where it is not known.</param>
    private readonly record struct Place(string Host, string Namespace, int Process)
    {
        public bool CountsProcessesAs(Place other) => (Host, Namespace) == (other.Host, other.Namespace);
    }
}
