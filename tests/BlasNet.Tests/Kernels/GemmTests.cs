using BlasNet.Kernels;
using BlasNet.Memory;
using BlasNet.Native;

namespace BlasNet.Tests.Kernels;

[Collection(GemmSettings.Name)]
public sealed unsafe class GemmTests
{
    public static TheoryData<GemmModeName, int> ModesAndThreads() =>
        [.. from mode in Enum.GetValues<GemmModeName>() from threads in new[] { 1, 2 } select new TheoryDataRow<GemmModeName, int>(mode, threads)];

    [Fact]
    public void A_small_product_is_what_the_definition_says()
    {
        float* x = stackalloc float[] { 1, 2, 3, 4, 5, 6 };
        float* b = stackalloc float[] { 1, 0, 2, 1, 0, 3 };
        float* y = stackalloc float[4];

        Gemm.Multiply(new Matrix<float>(x, 2, 3), new Matrix<float>(b, 3, 2), new Matrix<float>(y, 2, 2));

        Assert.Equal([5, 11, 14, 23], new Span<float>(y, 4).ToArray());
    }

    [Theory, MemberData(nameof(ModesAndThreads))]
    public void All_products_are_right_in_every_mode(GemmModeName mode, int threads)
    {
        using UsingMode usingMode = new((GemmKernels)mode);
        using ThreadCount threadCount = new(threads);

        foreach ((int n, int k, int m) in new[] { (1, 1, 1), (1, 70, 45), (2, 30, 64), (17, 33, 70), (64, 130, 260), (400, 96, 10) })
        {
            foreach (GemmForm form in Enum.GetValues<GemmForm>())
            {
                Check<float>(form, n, k, m);
                Check<double>(form, n, k, m);
            }
        }
    }

    [Fact]
    public void A_product_of_one_row_counts_as_gemv_and_any_other_as_gemm()
    {
        using GemmCase<float> one = new(GemmForm.Multiply, 1, 8, 8);
        using GemmCase<float> rankOne = new(GemmForm.OuterProductSum, 1, 8, 8);
        using GemmCase<float> two = new(GemmForm.MultiplyTransposed, 2, 8, 8);
        (long gemv, long gemm) = (Gemm.GemvCalls, Gemm.GemmCalls);

        one.RunGemm();
        rankOne.RunGemm();
        two.RunGemm();

        Assert.Equal((2, 1), (Gemm.GemvCalls - gemv, Gemm.GemmCalls - gemm));
    }

    [Theory, MemberData(nameof(ModesAndThreads))]
    public void A_product_allocates_nothing_once_it_has_run(GemmModeName mode, int threads)
    {
        using UsingMode usingMode = new((GemmKernels)mode);
        using ThreadCount threadCount = new(threads);
        using GemmCase<float> forward = new(GemmForm.Multiply, 64, 130, 260, bias: true);
        using GemmCase<float> outer = new(GemmForm.OuterProductSum, 64, 130, 260);
        using PackedWeights<float> packed = new();

        void Step()
        {
            packed.Version++;
            forward.RunGemm(packed);
            forward.RunGemm(packed);
            outer.RunGemm();
        }

        Step();
        Step();
        Allocations.AssertNone(Step);
    }

    [Fact]
    public void The_calibration_measures_plausible_rates_at_every_point()
    {
        Assert.SkipUnless(OpenBlasLoader.IsAvailable, "there is nothing to choose from without OpenBLAS");
        using ThreadCount threadCount = new(1);

        Assert.All(GemmCalibration.Measure<float>().Rates, rate =>
        {
            Assert.InRange(rate.OpenBlas, GemmRateTable.MinPlausible, GemmRateTable.MaxPlausible);
            Assert.InRange(rate.Packed, GemmRateTable.MinPlausible, GemmRateTable.MaxPlausible);
        });
    }

    private static void Check<T>(GemmForm form, int n, int k, int m)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        foreach (bool accumulate in new[] { false, true })
        {
            using GemmCase<T> plain = new(form, n, k, m, accumulate);
            plain.RunGemm();
            plain.AssertRight();
        }

        if (form == GemmForm.OuterProductSum)
            return;

        using PackedWeights<T> packed = new();
        using GemmCase<T> kept = new(form, n, k, m, bias: form == GemmForm.Multiply);

        for (int i = 0; i < 2; i++)
        {
            kept.Reset();
            kept.RunGemm(packed);
            kept.AssertRight();
        }
    }
}

/// <summary>The modes of Gemm, for the signatures of public tests.</summary>
public enum GemmModeName
{
    Auto = GemmKernels.Auto,
    OpenBlas = GemmKernels.OpenBlas,
    Packed = GemmKernels.Packed,
}
