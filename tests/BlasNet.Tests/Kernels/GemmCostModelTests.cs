using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

public sealed class GemmCostModelTests
{
    [Fact]
    public void At_a_point_of_the_grid_the_estimate_is_the_measurement()
    {
        GemmRateTable table = Table((kind, size, rows) => (size + rows, 2 * size));

        foreach ((GemmKind kind, int size, int rows) in GemmRateTable.Points())
        {
            (double openBlas, double packed) = table.Seconds(kind, rows, size, size);
            double gflop = 2e-9 * size * size * rows;

            Assert.Equal(gflop / (size + rows), openBlas, gflop * 1e-9);
            Assert.Equal(gflop / (2 * size), packed, gflop * 1e-9);
        }
    }

    [Fact]
    public void Between_points_the_estimate_lies_between_theirs()
    {
        GemmRateTable table = Table((_, _, rows) => (rows <= 8 ? 50 : 100, 75));
        double gflop = 2e-9 * 64 * 64 * 12;

        Assert.InRange(gflop / table.Seconds(GemmKind.Forward, 12, 64, 64).OpenBlas, 50.001, 99.999);
    }

    [Fact]
    public void The_faster_kernel_is_preferred()
    {
        GemmCostModel model = new(1, panelWidth: 32, Table((kind, size, rows) => kind == GemmKind.OuterProductSum ? (150, 100) : (100, 150)));

        Assert.Equal(GemmCostModel.Never, model.LeastUses(GemmKind.OuterProductSum, 32, 128, 128));
        Assert.Equal(0, model.LeastUses(GemmKind.ForwardOnce, 32, 128, 128));
        Assert.Equal(GemmCostModel.Never, model.LeastUses(GemmKind.OuterProductSum, 32, 128, 128));
    }

    [Fact]
    public void Packing_pays_only_for_weights_that_are_used_often_enough()
    {
        // Packing doubles the time of the first product; OpenBLAS takes 1.2 times that of a packed one.
        GemmCostModel model = new(1, panelWidth: 32, Table((kind, _, _) => (100, kind is GemmKind.ForwardOnce or GemmKind.TransposedOnce ? 60 : 120)));

        Assert.InRange(model.LeastUses(GemmKind.Forward, 16, 256, 256), 5, 6);
        Assert.InRange(model.LeastUses(GemmKind.Transposed, 16, 256, 256), 5, 6);
    }

    [Fact]
    public void Columns_that_do_not_fill_a_panel_count_against_the_packed_kernels()
    {
        GemmCostModel model = new(1, panelWidth: 32, Table((_, _, _) => (100, 120)));

        Assert.Equal(0, model.LeastUses(GemmKind.ForwardOnce, 16, 512, 32));
        Assert.Equal(GemmCostModel.Never, model.LeastUses(GemmKind.ForwardOnce, 16, 512, 33));
        Assert.Equal(0, model.LeastUses(GemmKind.ForwardOnce, 16, 512, 40));
    }

    [Fact]
    public void Uses_of_a_weight_are_foretold_from_the_version_before()
    {
        using PackedWeights<float> packed = new() { Version = 1 };

        Assert.Equal([1, 2, 3], Enumerable.Range(0, 3).Select(_ => packed.CountUse(transposed: false)));

        packed.Version = 2;
        Assert.Equal([3, 3, 3, 4], Enumerable.Range(0, 4).Select(_ => packed.CountUse(transposed: false)));
        Assert.Equal(1, packed.CountUse(transposed: true));
    }

    [Fact]
    public void While_several_threads_compute_the_forecast_does_not_depend_on_which_came_first()
    {
        using PackedWeights<float> packed = new() { Version = 1 };
        packed.HoldForecast(true);
        Assert.Equal([1, 1, 1], Enumerable.Range(0, 3).Select(_ => packed.CountUse(transposed: false)));

        packed.HoldForecast(false);
        Assert.Equal(4, packed.CountUse(transposed: false));
    }

    [Fact]
    public void A_forecast_goes_on_from_counts_that_were_kept()
    {
        using PackedWeights<float> first = new() { Version = 1 }, second = new() { Version = 7 };
        for (int use = 0; use < 5; use++)
            first.CountUse(transposed: true);

        first.Version = 2;
        first.CountUse(transposed: true);
        second.Uses = first.Uses;

        Assert.Equal(first.CountUse(transposed: true), second.CountUse(transposed: true));
        Assert.Equal(new PackingUses(0, 0, 2, 5), second.Uses);
    }

    [Fact]
    public void A_table_survives_being_written_and_read()
    {
        GemmRateTable table = Table((kind, size, rows) => (1.1 * size, rows / 3.0));

        Assert.Equal(table.Rates, GemmRateTable.Parse(table.ToLines())!.Rates);
    }

    internal static GemmRateTable Table(Func<GemmKind, int, int, (double OpenBlas, double Packed)> rate) =>
        new([.. GemmRateTable.Points().Select(point =>
        {
            (double openBlas, double packed) = rate(point.Kind, point.Size, point.Rows);

            return new GemmRate(point.Kind, point.Size, point.Rows, openBlas, packed);
        })]);
}
