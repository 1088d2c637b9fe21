using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>How one product is divided over threads: into ranges of its columns, or of its rows where columns are few.</summary>
/// <param name="Parts">Number of threads.</param>
/// <param name="ByRows">Ranges of rows instead of columns.</param>
/// <param name="Units">What is divided: rows, or groups of columns.</param>
internal readonly record struct GemmSplit(int Parts, bool ByRows, int Units)
{
    /// <summary>Below this a product is done sooner than a second thread is told about it (about 1 µs, or 10 µs if it sleeps).</summary>
    private const double MinFlopsPerPart = 250e3;

    /// <summary>Fewer rows than this per thread make poor tiles.</summary>
    private const int MinRowsPerPart = 14;

    /// <param name="flops">Of the whole product.</param>
    /// <param name="rows">Of the result.</param>
    /// <param name="panels">Groups of columns that stay together.</param>
    /// <param name="onlyColumns">Rows cannot be divided.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static GemmSplit Choose(double flops, int rows, int panels, bool onlyColumns = false)
    {
        int threads = (int)Math.Clamp(flops / MinFlopsPerPart, 1, ComputeThreads.Count);

        if (threads == 1)
            return new GemmSplit(1, ByRows: false, panels);

        // Panels of unequal number leave a thread waiting; rows divide more evenly, if there are enough of them.
        bool even = panels % threads == 0 || panels >= 8 * threads;
        bool byRows = !onlyColumns && !even && rows >= MinRowsPerPart * threads;
        int units = byRows ? rows : panels;

        return new GemmSplit(Math.Min(threads, units), byRows, units);
    }

    /// <summary>The first unit of a part; that of the part after the last is <see cref="Units"/>.</summary>
    public int Start(int part) => (int)((long)Units * part / Parts);

    public int Length(int part) => Start(part + 1) - Start(part);
}
