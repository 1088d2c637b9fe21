using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;
using BlasNet.Training;

namespace BlasNet.Diagnostics;

/// <summary>A sentence: one vector for each word, and a class.</summary>
public sealed record Sentence(float[][] Words, int Label)
{
    /// <summary>The vectors one after another: a matrix with a column for each word.</summary>
    public float[] Matrix { get; } = [.. Words.SelectMany(word => word)];
}

/// <summary>The recurrent model of the tour as it is usually written: one array for all sentences, padded to the longest, with
/// masks.</summary>
/// <remarks>Only for comparison. It uses the same kernels, packed weights and vector functions as BlasNet, one input product for all time steps, and
/// allocates nothing in the steady state; and it is compiled at full optimization from the first call, as BlasNet's own hot code is.</remarks>
public sealed unsafe class PaddedNetwork(Model model, int d, int h, int classes) : IDisposable
{
    private readonly NativeBuffer<float> _x = new(), _z = new(), _h = new(), _dz = new(), _mask = new(), _dh = new(), _logits = new(), _dlogits = new();
    private readonly NativeBuffer<float> _dW = new(d * h), _dU = new(h * h), _db = new(h), _dV = new(h * classes), _dc = new(classes);

    /// <summary>The gradient of the last run, summed over the sentences: W, b, U, V, c, column by column.</summary>
    public double[] Gradient => [.. All(_dW, _db, _dU, _dV, _dc).SelectMany(buffer => buffer.Span.ToArray()).Select(value => (double)value)];

    public void Dispose()
    {
        foreach (NativeBuffer<float> buffer in All(_x, _z, _h, _dz, _mask, _dh, _logits, _dlogits, _dW, _dU, _db, _dV, _dc))
            buffer.Dispose();
    }

    private static NativeBuffer<float>[] All(params NativeBuffer<float>[] buffers) => buffers;

    /// <summary>Sum of the losses; the gradients are overwritten.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public double Run(ReadOnlySpan<Sentence> batch)
    {
        var (w, u, b, v, c) = (P("W"), P("U"), P("b"), P("V"), P("c"));
        #region padded
        int B = batch.Length, T = 0;
        foreach (Sentence sentence in batch)
            T = Math.Max(T, sentence.Words.Length);

        Matrix<float> x = M(_x, T * B, d), z = M(_z, T * B, h), dz = M(_dz, T * B, h);
        Matrix<float> hs = M(_h, (T + 1) * B, h);          // row t·B + i: sentence i at t
        float* mask = _mask.EnsureCapacity(T * B);
        for (int t = 0; t < T; t++)
        {
            for (int i = 0; i < B; i++)
            {
                bool real = t < batch[i].Words.Length;
                mask[t * B + i] = real ? 1 : 0;
                if (real)
                    batch[i].Words[t].CopyTo(Row(x, t * B + i));
                else
                    Row(x, t * B + i).Clear();             // padding
            }
        }

        All(hs.RowRange(0, B)).Clear();
        Gemm.Multiply(x, w.Value, z, bias: b.Value.Data, packed: w.Packed);
        for (int t = 0; t < T; t++)
        {
            Matrix<float> before = hs.RowRange(t * B, B), zt = z.RowRange(t * B, B);
            Matrix<float> after = hs.RowRange((t + 1) * B, B);
            Gemm.Multiply(before, u.Value, zt, accumulate: true, packed: u.Packed);
            TensorPrimitives.Tanh(All(zt), All(after));
            for (int i = 0; i < B; i++)
            {
                if (mask[t * B + i] == 0)                  // past the end: h stays
                    Row(before, i).CopyTo(Row(after, i));
            }
        }

        Matrix<float> last = hs.RowRange(T * B, B), logits = M(_logits, B, classes);
        Gemm.Multiply(last, v.Value, logits, bias: c.Value.Data, packed: v.Packed);
        Matrix<float> dlogits = M(_dlogits, B, classes), dh = M(_dh, B, h);
        double loss = 0;
        for (int i = 0; i < B; i++)
        {
            Span<float> p = Row(dlogits, i);
            TensorPrimitives.SoftMax(Row(logits, i), p);
            loss -= Math.Log(p[batch[i].Label]);
            p[batch[i].Label] -= 1;
        }

        Gemm.OuterProductSum(last, dlogits, M(_dV, h, classes));
        SumRows(dlogits, _dc.Span);
        Gemm.MultiplyTransposed(dlogits, v.Value, dh, packed: v.Packed);
        for (int t = T - 1; t >= 0; t--)
        {
            for (int i = 0; i < B; i++)
            {
                Span<float> g = Row(dh, i), to = Row(dz, t * B + i);
                Span<float> y = Row(hs, (t + 1) * B + i);
                if (mask[t * B + i] == 0)
                {
                    to.Clear();                            // past the end: dh passes
                    continue;
                }

                TensorPrimitives.Multiply(y, y, to);
                TensorPrimitives.Subtract(1f, to, to);
                TensorPrimitives.Multiply(to, g, to);      // dz = (1 − h²)·dh
                g.Clear();
            }

            Matrix<float> dzt = dz.RowRange(t * B, B);
            Gemm.MultiplyTransposed(dzt, u.Value, dh, accumulate: true, packed: u.Packed);
        }

        Gemm.OuterProductSum(x, dz, M(_dW, d, h));
        Gemm.OuterProductSum(hs.RowRange(0, T * B), dz, M(_dU, h, h));
        SumRows(dz, _db.Span);
        #endregion
        return loss;
    }

    private (Matrix<float> Value, PackedWeights<float> Packed) P(string name)
    {
        Parameter parameter = model[name];
        float* data = model.Store<float>().AddressOf(parameter.Offset);
        return (new Matrix<float>(data, parameter.Shape.Columns, parameter.Shape.Rows), model.Store<float>().PackedOf(parameter.Index));
    }

    private static Matrix<float> M(NativeBuffer<float> buffer, int rows, int columns) => new(buffer.EnsureCapacity((long)rows * columns), rows, columns);

    private static Span<float> All(Matrix<float> matrix) => new(matrix.Data, matrix.Rows * matrix.Columns);

    private static Span<float> Row(Matrix<float> matrix, int row) => new(matrix.Row(row), matrix.Columns);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumRows(Matrix<float> matrix, Span<float> sum)
    {
        sum.Clear();
        for (int i = 0; i < matrix.Rows; i++)
            TensorPrimitives.Add(sum, new ReadOnlySpan<float>(matrix.Row(i), matrix.Columns), sum);
    }
}
