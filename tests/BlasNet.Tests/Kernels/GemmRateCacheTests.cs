using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

public sealed class GemmRateCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_cache_is_measured_once_and_again_when_it_is_damaged_or_about_another_machine()
    {
        int measured = 0;
        GemmRateTable Measure()
        {
            measured++;
            return GemmCostModelTests.Table((_, size, rows) => (size, rows));
        }

        GemmRateCache.GetOrMeasure(_folder.Path, "this machine", Measure);
        GemmRateCache.GetOrMeasure(_folder.Path, "this machine", Measure);
        Assert.Equal(1, measured);

        GemmRateCache.GetOrMeasure(_folder.Path, "another machine", Measure);
        Assert.Equal(2, measured);

        string file = GemmRateCache.FileFor(_folder.Path, "this machine");
        string[] lines = File.ReadAllLines(file);

        foreach (string[] damaged in new string[][]
        {
            [], lines[..^1], [.. lines, "more"], ["another key", .. lines[1..]], [.. lines[..^1], lines[^1] + "x"], [.. lines[..^1], lines[^1] + "E-300"], [.. lines[..^1], lines[^1].Replace(' ', '-')],
            [lines[0], .. lines[1..].Reverse()],
        })
        {
            File.WriteAllLines(file, damaged);
            int before = measured;
            GemmRateCache.GetOrMeasure(_folder.Path, "this machine", Measure);
            Assert.Equal(before + 1, measured);
            Assert.Equal(lines, File.ReadAllLines(file));
        }
    }

    [Fact]
    public void The_first_product_is_chosen_by_rates_that_travel_with_the_library_unless_this_machine_was_measured()
    {
        GemmRateTable shipped = GemmCostModelTests.Table((_, _, _) => (3, 4));
        GemmRateTable Find(string? folder) => GemmRateCache.Find(
            folder, () => "this machine", shipped, () => throw new InvalidOperationException("It was measured."));

        Assert.Same(shipped, Find(null));
        Assert.Same(shipped, Find(Path.Combine(_folder.Path, "none")));
        Assert.Same(shipped, Find(_folder.Path));
        Assert.Empty(GemmRateCache.Files(_folder.Path));

        GemmRateCache.GetOrMeasure(_folder.Path, "this machine", Any);
        Assert.Equal(Any().Rates, Find(_folder.Path).Rates);

        File.WriteAllText(GemmRateCache.FileFor(_folder.Path, "this machine"), "damaged");
        Assert.Same(shipped, Find(_folder.Path));
    }

    [Fact]
    public void A_processor_whose_rates_do_not_travel_is_measured_and_the_result_is_kept()
    {
        Assert.Equal(Any().Rates, GemmRateCache.Find(_folder.Path, () => "another", shipped: null, Any).Rates);
        Assert.Single(GemmRateCache.Files(_folder.Path));
    }

    [Fact]
    public void The_rates_that_travel_are_complete_and_plausible()
    {
        Assert.SkipUnless(System.Runtime.Intrinsics.Vector256.IsHardwareAccelerated, "none travel for processors without vectors of 256 bits");
        foreach (GemmRateTable table in new[] { GemmShippedRates.For<float>()!, GemmShippedRates.For<double>()! })
        {
            Assert.Equal(GemmRateTable.Points(), table.Rates.Select(rate => (rate.Kind, rate.Size, rate.Rows)));
            Assert.All(table.Rates, rate => Assert.InRange(rate.OpenBlas, 0.1, 1000));
            Assert.All(table.Rates, rate => Assert.InRange(rate.Packed, 0.1, 1000));
        }
    }

    [Fact]
    public void A_cache_that_cannot_be_written_is_no_error()
    {
        string file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "");

        GemmRateTable table = GemmRateCache.GetOrMeasure(Path.Combine(file, "below"), "this machine", () => GemmCostModelTests.Table((_, _, _) => (1, 2)));

        Assert.Equal(2, table.Rates[0].Packed);
    }

    [Fact]
    public void Without_a_folder_everything_is_measured_and_nothing_written()
    {
        int measured = 0;
        for (int i = 0; i < 2; i++)
        {
            GemmRateCache.GetOrMeasure(null, "this machine", () =>
            {
                measured++;
                return Any();
            });
        }

        Assert.Equal(2, measured);
        Assert.Empty(GemmRateCache.Files(null));
    }

    [Fact]
    public void The_oldest_files_go_and_no_others()
    {
        string foreign = _folder.Write("notes.txt", "somebody else's");
        File.SetLastWriteTimeUtc(foreign, DateTime.UnixEpoch);
        string abandoned = _folder.Write("gemm-0123456789abcdef.txt.half", "");
        File.SetLastWriteTimeUtc(abandoned, DateTime.UnixEpoch);

        for (int i = 0; i < GemmRateCache.MaxFiles + 5; i++)
        {
            GemmRateCache.GetOrMeasure(_folder.Path, $"machine {i}", Any);
            File.SetLastWriteTimeUtc(GemmRateCache.FileFor(_folder.Path, $"machine {i}"), DateTime.UnixEpoch.AddDays(i + 1));
        }

        FileInfo[] files = GemmRateCache.Files(_folder.Path);
        Assert.Equal(GemmRateCache.MaxFiles, files.Length);
        Assert.Equal(GemmRateCache.FileFor(_folder.Path, $"machine {GemmRateCache.MaxFiles + 4}"), files[0].FullName);
        Assert.False(File.Exists(abandoned));
        Assert.True(File.Exists(foreign));
    }

    [Fact]
    public void Garbage_in_place_of_a_file_is_measured_anew()
    {
        string file = GemmRateCache.FileFor(_folder.Path, "this machine");
        foreach (byte[] garbage in new byte[][] { [], [0, 255, 13, 10, 200], new byte[1 << 20] })
        {
            File.WriteAllBytes(file, garbage);
            int measured = 0;
            for (int i = 0; i < 2; i++)
            {
                GemmRateCache.GetOrMeasure(_folder.Path, "this machine", () =>
                {
                    measured++;
                    return Any();
                });
            }

            Assert.Equal(1, measured);
        }

        // A folder of that name stays, and no half-written file beside it.
        File.Delete(file);
        Directory.CreateDirectory(file);
        Assert.Equal(2, GemmRateCache.GetOrMeasure(_folder.Path, "this machine", Any).Rates[0].Packed);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Processes_that_start_at_once_read_whole_files_only()
    {
        string[] lines = [.. Any().ToLines()];
        Parallel.For(0, 200, _ =>
        {
            File.Delete(GemmRateCache.FileFor(_folder.Path, "this machine"));
            Assert.Equal(lines, GemmRateCache.GetOrMeasure(_folder.Path, "this machine", Any).ToLines());
        });

        Assert.InRange(GemmRateCache.Files(_folder.Path).Length, 0, 1);
    }

    [Theory]
    [InlineData("off", "/home/u", null, null)]
    [InlineData("OFF", "/home/u", "/x", null)]
    [InlineData("/fast/cache", "/home/u", "/x", "/fast/cache")]
    [InlineData(null, "/home/u", "/x", "/x/blasnet")]
    [InlineData("", "/home/u", "relative", "/home/u/.cache/blasnet")]
    [InlineData(null, "/home/u", null, "/home/u/.cache/blasnet")]
    [InlineData(null, null, null, null)]
    [InlineData(null, "", "", null)]
    public void The_environment_says_where_the_files_are(string? cache, string? home, string? xdg, string? expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "paths of Unix");
        string? folder = CalibrationCache.FolderOf(name => name switch { "BLASNET_CACHE" => cache, "HOME" => home, "XDG_CACHE_HOME" => xdg, _ => null });

        Assert.Equal(expected, folder);
    }

    [Fact]
    public void The_folder_can_be_set_and_an_empty_path_is_refused()
    {
        string? before = CalibrationCache.Folder;
        try
        {
            CalibrationCache.Folder = _folder.Path;
            Assert.Equal(_folder.Path, CalibrationCache.Folder);
            Assert.Throws<ArgumentException>(() => CalibrationCache.Folder = " ");
            CalibrationCache.Folder = null;
            Assert.Null(CalibrationCache.Folder);
        }
        finally
        {
            CalibrationCache.Folder = before;
        }
    }

    [Fact]
    public void The_library_needs_no_cryptography() =>
        Assert.DoesNotContain(
            typeof(CalibrationCache).Assembly.GetReferencedAssemblies(), name => name.Name!.Contains("Cryptography", StringComparison.Ordinal));

    private static GemmRateTable Any() => GemmCostModelTests.Table((_, _, _) => (1, 2));
}
