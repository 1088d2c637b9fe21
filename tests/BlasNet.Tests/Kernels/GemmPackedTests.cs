using System.Numerics;
using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

/// <summary>The managed kernels against the definition, at every tail, on every vector width the processor has.</summary>
public sealed class GemmPackedTests
{
    public static TheoryData<string> Widths() => [.. Kernels<float>().Keys];

    [Theory, MemberData(nameof(Widths))]
    public void Every_number_of_rows_is_right(string width) => ForEveryForm(width, from n in Enumerable.Range(1, 33)
                                                                                   from m in new[] { 5, 32, 67 }
                                                                                   select (n, 19, m));

    [Theory, MemberData(nameof(Widths))]
    public void Every_number_of_columns_around_vectors_and_panels_is_right(string width) => ForEveryForm(width, from m in Enumerable.Range(1, 70)
                                                                                                                from n in new[] { 1, 3, 6, 7, 15 }
                                                                                                                select (n, 9, m));

    [Theory, MemberData(nameof(Widths))]
    public void Every_number_of_inner_steps_is_right(string width) => ForEveryForm(width, from k in Enumerable.Range(1, 37)
                                                                                          from n in new[] { 1, 2, 8, 20 }
                                                                                          select (n, k, 33));

    [Theory, MemberData(nameof(Widths))]
    public void Products_of_several_cache_blocks_are_right(string width) => ForEveryForm(width, [(3, 2100, 40), (70, 2100, 40), (600, 340, 70)]);

    [Theory, MemberData(nameof(Widths))]
    public void No_inner_step_leaves_the_initial_values(string width) => ForEveryForm(width, [(5, 0, 40)]);

    [Theory, MemberData(nameof(Widths))]
    public void Two_threads_give_the_same_bits_as_one(string width)
    {
        GemmPacked<float> kernels = Kernels<float>()[width];

        // Columns divided evenly, columns too few so that rows are divided, and a packing filled by two threads.
        foreach ((int n, int k, int m) in new[] { (64, 96, 256), (300, 200, 10), (40, 200, 96) })
        {
            foreach (bool keep in new[] { false, true })
            {
                using GemmCase<float> one = new(GemmForm.Multiply, n, k, m, bias: true);
                using GemmCase<float> two = new(GemmForm.Multiply, n, k, m, bias: true);
                one.RunPacked(kernels, keep);

                using (ComputeSettings.Scope threads = (ComputeSettings.Current with { Threads = 2 }).Use())
                    two.RunPacked(kernels, keep);

                Assert.Equal(one.Result.ToArray(), two.Result.ToArray());
                two.AssertRight();
            }
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void Packed_weights_are_packed_again_when_their_version_changes(string width)
    {
        GemmPacked<float> kernels = Kernels<float>()[width];

        foreach (GemmForm form in new[] { GemmForm.Multiply, GemmForm.MultiplyTransposed })
        {
            using GemmCase<float> product = new(form, 4, 37, 70);
            using PackedWeights<float> packed = new();
            packed.Run(product.Product, kernels);
            product.AssertRight();

            product.ChangeWeights();
            packed.Version++;

            // Three times: filled on the way, then read from the last panel and from the first.
            for (int i = 0; i < 3; i++)
            {
                product.Reset();
                packed.Run(product.Product, kernels);
                product.AssertRight();
            }
        }
    }

    private static Dictionary<string, GemmPacked<T>> Kernels<T>()
        where T : unmanaged
    {
        Dictionary<string, GemmPacked<T>> kernels = new() { ["128 bits"] = new GemmPacked<Simd128<T>, Simd128<T>, T>() };

        if (Simd256<T>.IsSupported)
            kernels["256 bits"] = new GemmPacked<Simd256<T>, Simd128<T>, T>();

        if (Simd512<T>.IsSupported)
            kernels["512 bits"] = new GemmPacked<Simd512<T>, Simd256<T>, T>();

        return kernels;
    }

    private static void ForEveryForm(string width, IEnumerable<(int N, int K, int M)> sizes)
    {
        foreach ((int n, int k, int m) in sizes)
        {
            ForEveryForm(Kernels<float>()[width], n, k, m);
            ForEveryForm(Kernels<double>()[width], n, k, m);
        }
    }

    private static void ForEveryForm<T>(GemmPacked<T> kernels, int n, int k, int m)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (GemmForm form in Enum.GetValues<GemmForm>())
        {
            foreach (bool accumulate in new[] { false, true })
            {
                using GemmCase<T> transient = new(form, n, k, m, accumulate);
                transient.RunPacked(kernels, keepPacked: false);
                transient.AssertRight();
            }

            if (form == GemmForm.OuterProductSum)
                continue;

            using GemmCase<T> kept = new(form, n, k, m, bias: form == GemmForm.Multiply);
            kept.RunPacked(kernels, keepPacked: true);
            kept.AssertRight();
        }
    }
}
