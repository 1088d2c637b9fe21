namespace BlasNet.Ranks;

/// <summary>Something failed on another rank, or the ranks do not fit together. All ranks get an error at the same place.</summary>
public sealed class CommunicatorException : Exception
{
    internal CommunicatorException(int rank, string name, string message)
        : base($"{char.ToUpperInvariant(name[0])}{name[1..]}: {message}") => Rank = rank;

    /// <summary>The lowest one concerned.</summary>
    public int Rank { get; }
}
