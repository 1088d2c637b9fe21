using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>Rows divided into as few tiles as possible, of equal size but for one row.</summary>
/// <remarks>16 rows are 8 + 8, because 14 + 2 would leave the multipliers idle during the second tile.</remarks>
internal readonly struct GemmTiles(int rows, int maxRows)
{
    private readonly int _smaller = rows / DivideUp(rows, maxRows);
    private readonly int _largerTiles = rows % DivideUp(rows, maxRows);

    public readonly int Count = DivideUp(rows, maxRows);

    public int Rows(int tile) => tile < _largerTiles ? _smaller + 1 : _smaller;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int DivideUp(int value, int divisor) => (value + divisor - 1) / divisor;
}
