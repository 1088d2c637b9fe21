using System.Numerics;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Tests.Kernels;

internal enum GemmForm
{
    Multiply,
    MultiplyTransposed,
    OuterProductSum,
}

/// <summary>One product with random operands in rows that are longer than the matrices, between guard zones that must stay as they are.</summary>
/// <remarks>The shapes are those of the forward product's X [n × k], B [k × m], Y [n × m]; the other forms compute dX and dB of it.</remarks>
internal sealed unsafe class GemmCase<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Guard = 64;
    private const int Padding = 3;
    private static readonly T GuardValue = T.CreateChecked(12345);

    private readonly NativeBuffer<T>[] _buffers = new NativeBuffer<T>[4];
    private readonly Random _random = new(7);
    private readonly GemmForm _form;
    private readonly bool _accumulate;
    private readonly Matrix<T> _x;
    private readonly Matrix<T> _b;
    private readonly Matrix<T> _y;
    private readonly T* _bias;
    private readonly T[] _before;

    public GemmCase(GemmForm form, int n, int k, int m, bool accumulate = false, bool bias = false)
    {
        _form = form;
        _accumulate = accumulate;
        _x = NewMatrix(0, n, k);
        _b = NewMatrix(1, k, m);
        _y = NewMatrix(2, n, m);
        Matrix<T> biasRow = NewMatrix(3, 1, m);
        _bias = bias ? biasRow.Data : null;
        _before = Result.ToArray();
    }

    /// <summary>All of the result's memory, guard zones and padding included.</summary>
    public Span<T> Result => _buffers[ResultIndex].Span;

    public GemmProduct<T> Product => _form switch
    {
        GemmForm.Multiply => GemmProduct<T>.Multiply(_x, _b, _y, _accumulate, _bias),
        GemmForm.MultiplyTransposed => GemmProduct<T>.MultiplyTransposed(_y, _b, _x, _accumulate),
        _ => GemmProduct<T>.OuterProductSum(_x, _y, _b, _accumulate),
    };

    private int ResultIndex => _form switch { GemmForm.Multiply => 2, GemmForm.MultiplyTransposed => 0, _ => 1 };

    public void RunPacked(GemmPacked<T> kernels, bool keepPacked)
    {
        if (keepPacked)
        {
            using PackedWeights<T> packed = new();
            packed.Run(Product, kernels);
        }
        else
        {
            kernels.Run(Product);
        }
    }

    /// <summary>By the way that users of the kernels go.</summary>
    public void RunGemm(PackedWeights<T>? packed = null)
    {
        if (_form == GemmForm.Multiply)
            Gemm.Multiply(_x, _b, _y, _accumulate, _bias, packed);
        else if (_form == GemmForm.MultiplyTransposed)
            Gemm.MultiplyTransposed(_y, _b, _x, _accumulate, packed);
        else
            Gemm.OuterProductSum(_x, _y, _b, _accumulate);
    }

    public void ChangeWeights() => Fill(_b);

    public void Reset() => _before.CopyTo(Result);

    /// <summary>The definition in float64, element by element; and whatever is not an element of the result is as it was.</summary>
    public void AssertRight()
    {
        (Matrix<T> result, int inner) = _form switch
        {
            GemmForm.Multiply => (_y, _x.Columns),
            GemmForm.MultiplyTransposed => (_x, _y.Columns),
            _ => (_b, _x.Rows),
        };

        // Row i of one times row j of the other is element (i, j).
        double[] left = Gather(result.Rows, inner, (i, p) => _form switch
        {
            GemmForm.Multiply => _x.Row(i)[p],
            GemmForm.MultiplyTransposed => _y.Row(i)[p],
            _ => _x.Row(p)[i],
        });
        double[] right = Gather(result.Columns, inner, (j, p) => _form switch
        {
            GemmForm.Multiply => _b.Row(p)[j],
            GemmForm.MultiplyTransposed => _b.Row(j)[p],
            _ => _y.Row(p)[j],
        });

        T[] expected = [.. _before];
        T[] actual = Result.ToArray();
        string what = $"{_form} n={_x.Rows} k={_x.Columns} m={_y.Columns} accumulate={_accumulate} bias={_bias != null} {typeof(T).Name}";

        // Operands lie in [-1, 1]: rounding grows with the number of terms at most, and about with its root.
        double tolerance = (typeof(T) == typeof(float) ? 1.2e-7 : 2.3e-16) * (8 + (2 * inner));

        for (int i = 0; i < result.Rows; i++)
        {
            for (int j = 0; j < result.Columns; j++)
            {
                int at = (int)(result.Row(i) + j - _buffers[ResultIndex].Pointer);
                double sum = _accumulate ? double.CreateChecked(_before[at]) : _bias != null ? double.CreateChecked(_bias[j]) : 0;

                for (int p = 0; p < inner; p++)
                    sum += left[(i * inner) + p] * right[(j * inner) + p];

                double value = double.CreateChecked(actual[at]);
                if (!(Math.Abs(value - sum) <= tolerance))
                    Assert.Fail($"{what}: [{i}, {j}] is {value}, must be {sum}");

                expected[at] = actual[at];
            }
        }

        int wrong = actual.AsSpan().CommonPrefixLength(expected);
        Assert.True(wrong == actual.Length, $"{what}: wrote outside of the result, at {wrong - Guard} from its start");
    }

    public void Dispose()
    {
        foreach (NativeBuffer<T> buffer in _buffers)
            buffer.Dispose();
    }

    private static double[] Gather(int rows, int columns, Func<int, int, T> element)
    {
        double[] values = new double[rows * columns];

        for (int i = 0; i < values.Length; i++)
            values[i] = double.CreateChecked(element(i / columns, i % columns));

        return values;
    }

    private Matrix<T> NewMatrix(int index, int rows, int columns)
    {
        int stride = columns + Padding;
        NativeBuffer<T> buffer = _buffers[index] = new((2 * Guard) + ((long)rows * stride));
        buffer.Span.Fill(GuardValue);
        Matrix<T> matrix = new(buffer.Pointer + Guard, rows, columns, stride);
        Fill(matrix);

        return matrix;
    }

    private void Fill(in Matrix<T> matrix)
    {
        for (int i = 0; i < matrix.Rows; i++)
        {
            for (int j = 0; j < matrix.Columns; j++)
                matrix.Row(i)[j] = T.CreateChecked((_random.NextDouble() * 2) - 1);
        }
    }
}
