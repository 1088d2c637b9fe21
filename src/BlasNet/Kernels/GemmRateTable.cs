using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace BlasNet.Kernels;

/// <summary>GFLOP/s of both kernels for one product of n rows with size × size weights.</summary>
internal readonly record struct GemmRate(GemmKind Kind, int Size, int Rows, double OpenBlas, double Packed);

/// <summary>Measured rates over a grid of sizes and rows, and estimates between its points.</summary>
internal sealed class GemmRateTable
{
    // OpenBLAS changes its method at n·k·m = 10⁶ and is uneven in few rows, so the grid must not be coarser.
    public static readonly int[] Sizes = [64, 128, 256, 512, 1024];
    public static readonly int[] Rows = [1, 2, 3, 4, 6, 8, 16, 32, 64, 128, 256];

    /// <summary>GFLOP/s outside of these are no measurement: at 1 MFLOP/s, or 1 PFLOP/s, something else went wrong.</summary>
    public const double MinPlausible = 1e-3;
    public const double MaxPlausible = 1e6;

    private readonly GemmRate[] _rates;

    /// <param name="rates">In the order of <see cref="Points"/>.</param>
    public GemmRateTable(GemmRate[] rates) => _rates = rates;

    public IReadOnlyList<GemmRate> Rates => _rates;

    /// <summary>By what these rates are told from others.</summary>
    public string Digest => Convert.ToHexStringLower(XxHash32.Hash(Encoding.UTF8.GetBytes(string.Join('\n', ToLines()))));

    /// <summary>Every point of the grid, in order.</summary>
    public static IEnumerable<(GemmKind Kind, int Size, int Rows)> Points()
    {
        // Loops, not a query: this runs before the first product, and a query would have to be compiled for these types.
        for (GemmKind kind = 0; kind <= GemmKind.OuterProductSum; kind++)
        {
            foreach (int size in Sizes)
            {
                foreach (int rows in Rows)
                    yield return (kind, size, rows);
            }
        }
    }

    /// <summary>Seconds that a product takes, by both kernels: rates are interpolated between the grid's points on logarithmic axes.</summary>
    /// <param name="kind">Which product.</param>
    /// <param name="n">Rows of the stack.</param>
    /// <param name="k">Rows of the weight matrix B.</param>
    /// <param name="m">Columns of the weight matrix B.</param>
    public (double OpenBlas, double Packed) Seconds(GemmKind kind, int n, int k, int m)
    {
        // The side of the square with as many weights.
        (int size, double sizeShare) = Locate(Sizes, Math.Sqrt((double)k * m));
        (int rows, double rowsShare) = Locate(Rows, n);
        double openBlas = 0;
        double packed = 0;

        for (int corner = 0; corner < 4; corner++)
        {
            (int i, int j) = (corner >> 1, corner & 1);
            double weight = (i == 0 ? 1 - sizeShare : sizeShare) * (j == 0 ? 1 - rowsShare : rowsShare);
            ref GemmRate rate = ref _rates[((((int)kind * Sizes.Length) + size + i) * Rows.Length) + rows + j];
            openBlas += weight / rate.OpenBlas;
            packed += weight / rate.Packed;
        }

        double gflop = 2e-9 * n * k * m;

        return (gflop * openBlas, gflop * packed);
    }

    /// <summary>One line a point: kind, size, rows, GFLOP/s of OpenBLAS and of the packed kernels.</summary>
    public IEnumerable<string> ToLines() => _rates.Select(rate =>
        string.Create(CultureInfo.InvariantCulture, $"{rate.Kind} {rate.Size} {rate.Rows} {rate.OpenBlas:R} {rate.Packed:R}"));

    /// <returns>The table of lines that <see cref="ToLines"/> wrote, or null if they are anything else.</returns>
    public static GemmRateTable? Parse(IEnumerable<string> lines)
    {
        List<GemmRate> rates = [];
        using IEnumerator<string> line = lines.GetEnumerator();

        foreach ((GemmKind kind, int size, int rows) in Points())
        {
            string start = string.Create(CultureInfo.InvariantCulture, $"{kind} {size} {rows} ");

            if (!line.MoveNext() || !line.Current.StartsWith(start, StringComparison.Ordinal)
                || line.Current[start.Length..].Split(' ') is not [string first, string second]
                || !TryRate(first, out double openBlas) || !TryRate(second, out double packed))
                return null;

            rates.Add(new GemmRate(kind, size, rows, openBlas, packed));
        }

        return line.MoveNext() ? null : new GemmRateTable([.. rates]);
    }

    private static bool TryRate(string text, out double rate) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out rate) && rate is >= MinPlausible and <= MaxPlausible;

    /// <summary>The grid's interval that a value lies in, and how far; values outside count as the nearest end.</summary>
    private static (int Index, double Share) Locate(int[] axis, double value)
    {
        int index = 0;

        while (index < axis.Length - 2 && value >= axis[index + 1])
            index++;

        return (index, Math.Clamp(Math.Log(value / axis[index]) / Math.Log((double)axis[index + 1] / axis[index]), 0, 1));
    }
}
