namespace BlasNet.Training;

/// <summary>What each of several ranks exchanges in a step.</summary>
/// <param name="MessageBytes">What it says of its part, to each other rank.</param>
/// <param name="ColumnBytes">A bit for each column of the tables that it touches in part, to each other rank; 0 where there are none.</param>
/// <param name="GradientBytes">The touched part of its gradient, of which each rank receives a part.</param>
/// <param name="Ranges">Pieces in which that lies; more than one are copied together before they are sent.</param>
public readonly record struct RankTraffic(int MessageBytes, int ColumnBytes, long GradientBytes, int Ranges)
{
    /// <summary>Of a longer gradient, so many elements are exchanged at a time.</summary>
    public const int SlabElements = 1 << 22;
}
