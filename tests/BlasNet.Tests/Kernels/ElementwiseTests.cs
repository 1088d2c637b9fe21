using BlasNet.Kernels;
using BlasNet.Operators;

namespace BlasNet.Tests.Kernels;

/// <summary>Tiles of rows, short and long, with gaps, in place, and with a row or an element for all.</summary>
[Collection(GemmSettings.Name)]
public sealed unsafe class ElementwiseTests
{
    private const int Rows = 3;
    private const float Guard = 7777;

    public static TheoryData<int> Lengths() => [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 50, 100];

    [Theory, MemberData(nameof(Lengths))]
    public void A_function_of_one_element_writes_every_element_of_the_result_once_and_nothing_else(int length)
    {
        foreach (int xGap in new[] { 0, 3 })
        {
            foreach (int yGap in new[] { 0, 5 })
            {
                float[] x = NewTile(length + xGap, length), y = NewTile(length + yGap, 0);
                fixed (float* from = x, to = y)
                    Elementwise.Map<float, SquareFunction>(from, length + xGap, to, length + yGap, length, Rows);

                AssertTile(y, length + yGap, length, (row, i) => Square(x[row * (length + xGap) + i]));
            }

            // In place, and one row for all.
            float[] before = NewTile(length + xGap, length), same = [.. before], repeated = NewTile(length + 1, 0);
            fixed (float* both = same, from = before, to = repeated)
            {
                Elementwise.Map<float, SquareFunction>(both, length + xGap, both, length + xGap, length, Rows);
                Elementwise.Map<float, SquareFunction>(from, 0, to, length + 1, length, Rows);
            }

            AssertTile(same, length + xGap, length, (row, i) => Square(before[row * (length + xGap) + i]));
            AssertTile(repeated, length + 1, length, (_, i) => Square(before[i]));
        }

        static float Square(float value) => value * value;
    }

    [Theory, MemberData(nameof(Lengths))]
    public void A_function_of_two_elements_takes_rows_or_elements_of_its_own_or_one_for_all(int length)
    {
        foreach (int gap in new[] { 0, 2 })
        {
            int stride = length + gap;
            float[] a = NewTile(stride, length), b = NewTile(stride, length);

            void Check(Func<int, int, float> expected, Action<nint, nint, nint> run)
            {
                float[] y = NewTile(stride, 0), inPlace = [.. a];
                fixed (float* left = a, right = b, result = y, same = inPlace)
                {
                    run((nint)left, (nint)right, (nint)result);
                    AssertTile(y, stride, length, expected);
                    run((nint)same, (nint)right, (nint)same);
                    AssertTile(inPlace, stride, length, expected);
                }
            }

            Check((row, i) => a[row * stride + i] - b[row * stride + i], (l, r, y) =>
                Elementwise.Zip<float, SubtractFunction, Elements, Elements>((float*)l, stride, (float*)r, stride, (float*)y, stride, length, Rows));
            Check((row, i) => a[row * stride + i] - b[i], (l, r, y) =>
                Elementwise.Zip<float, SubtractFunction, Elements, Elements>((float*)l, stride, (float*)r, 0, (float*)y, stride, length, Rows));
            Check((row, i) => a[row * stride + i] - b[row], (l, r, y) =>
                Elementwise.Zip<float, SubtractFunction, Elements, Scalar>((float*)l, stride, (float*)r, 1, (float*)y, stride, length, Rows));
            Check((row, i) => a[row * stride + i] - b[0], (l, r, y) =>
                Elementwise.Zip<float, SubtractFunction, Elements, Scalar>((float*)l, stride, (float*)r, 0, (float*)y, stride, length, Rows));
            Check((row, i) => b[row] - a[row * stride + i], (l, r, y) =>
                Elementwise.Zip<float, SubtractFunction, Scalar, Elements>((float*)r, 1, (float*)l, stride, (float*)y, stride, length, Rows));
        }
    }

    [Theory, InlineData(1, 1_000_003), InlineData(1000, 501)]
    public void Two_threads_give_the_same_bits_as_one(int rows, int length)
    {
        float[] a = [.. Enumerable.Range(0, rows * length).Select(i => i % 1001 - 500f)], b = [.. a.Reverse()], map = new float[a.Length], zip = new float[a.Length];

        // One row for all where there are several: otherwise they are one long row.
        int step = rows > 1 ? 0 : length;
        using (new ThreadCount(2))
        {
            fixed (float* left = a, right = b, squares = map, differences = zip)
            {
                Elementwise.Map<float, SquareFunction>(left, step, squares, length, length, rows);
                Elementwise.Zip<float, SubtractFunction, Elements, Elements>(left, length, right, step, differences, length, length, rows);
            }
        }

        Assert.Equal(Enumerable.Range(0, a.Length).Select(i => a[i % length] * a[i % length]), map);
        Assert.Equal(a.Select((value, i) => value - b[i % length]), zip);
    }

    private static float[] NewTile(int stride, int used)
    {
        var random = new Random(stride);
        float[] tile = new float[Rows * stride];
        for (int i = 0; i < tile.Length; i++)
            tile[i] = used == 0 || i % stride >= used ? Guard : random.NextSingle() - 0.5f;

        return tile;
    }

    private static void AssertTile(float[] tile, int stride, int length, Func<int, int, float> expected)
    {
        for (int i = 0; i < tile.Length; i++)
            Assert.Equal(i % stride < length ? expected(i / stride, i % stride) : Guard, tile[i]);
    }
}
