using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using BlasNet.Cli.CommandLine;
using BlasNet.Tests.Kernels;

namespace BlasNet.Tests.Cli;

/// <summary>The facts behind the figures of the page. What a browser makes of it, see the other file of this class.</summary>
[Collection(GemmSettings.Name)]
public sealed partial class TourTests(TourFixture tour, Chromium chromium) : IClassFixture<TourFixture>, IClassFixture<Chromium>
{
    private JsonElement Root => tour.Numbers.RootElement;

    [Fact]
    public void It_says_where_the_page_is_and_what_it_is_doing()
    {
        Assert.Equal(ExitCodes.Success, tour.Result.ExitCode);
        Assert.Contains(tour.Page, tour.Result.Output, StringComparison.Ordinal);
        Assert.Equal(5, tour.Result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(line => line.Contains(" % ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Each_example_alone_the_minibatch_and_the_batched_graph_agree_in_value_and_gradient()
    {
        JsonElement[] models = [.. Root.GetProperty("representation").EnumerateArray()];
        Assert.Equal(["weight", "mlp", "rnn", "tree"], models.Select(model => model.GetProperty("model").GetString()));
        foreach (JsonElement model in models)
        {
            JsonElement[] ways = [.. model.GetProperty("ways").EnumerateArray()];
            Assert.Equal(3, ways.Length);
            Assert.All(ways, way => Assert.Equal(Number(ways[0], "loss"), Number(way, "loss"), 1e-12));
            Assert.All(ways, way => Assert.InRange(Number(way, "difference"), 0, 1e-12));
            Assert.Contains(ways[0].GetProperty("gradient").EnumerateArray(), element => element.GetDouble() != 0);
            Assert.True(Number(model, "batched_nodes") < Number(model, "minibatch_nodes"));
        }
    }

    [Fact]
    public void Two_gemv_of_the_questions_example_become_one_gemm_and_with_gradients_four_become_two()
    {
        JsonElement[] ways = [.. Root.GetProperty("representation")[0].GetProperty("ways").EnumerateArray()];
        Assert.Equal((4, 0), (Number(ways[1], "gemv"), Number(ways[1], "gemm")));
        Assert.Equal((0, 2), (Number(ways[2], "gemv"), Number(ways[2], "gemm")));
    }

    [Fact]
    public void The_step_that_is_not_batched_has_no_gemm_and_the_batched_one_no_gemv()
    {
        JsonElement[] steps = [.. Root.GetProperty("efficiency").GetProperty("steps").EnumerateArray()];
        Assert.Equal((0, 1024), (Number(steps[0], "gemm_calls"), Number(steps[0], "gemv_calls")));   // 3 products forward, 5 for the gradient, 128 examples
        Assert.Equal((8, 0), (Number(steps[1], "gemm_calls"), Number(steps[1], "gemv_calls")));
    }

    [Fact]
    public void Gradients_do_not_depend_on_the_passes_and_the_regulariser_counts_once()
    {
        foreach (JsonElement pass in Root.GetProperty("averaging").GetProperty("passes").EnumerateArray())
        {
            Assert.InRange(Number(pass, "difference_single"), 1e-9, 2e-6);
            Assert.InRange(Number(pass, "difference_double"), 0, 1e-14);
            Assert.InRange(Number(pass, "regulariser_once"), 0, 1e-14);
            Assert.Equal(Number(pass, "passes") > 1, Number(pass, "regulariser_per_pass") > 0.01);
            Assert.InRange(Number(pass, "parameter_difference"), 0, 1e-3);
        }
    }

    [Fact]
    public void The_noise_of_the_gradient_falls_as_one_over_the_root_of_the_batch()
    {
        JsonElement[] points = [.. Root.GetProperty("averaging").GetProperty("noise").EnumerateArray()];
        double[] scaled = [.. points.Select(point => Number(point, "noise") * Math.Sqrt(Number(point, "batch")))];
        Assert.All(scaled, value => Assert.InRange(value / scaled.Average(), 0.6, 1.6)); // 16 draws each, from a fixed seed
    }

    [Fact]
    public void Both_orders_of_differentiating_and_batching_give_the_same_gradient_by_fewer_nodes_in_the_one()
    {
        foreach (JsonElement order in Root.GetProperty("gradient_evaluation").GetProperty("orders").EnumerateArray())
        {
            Assert.InRange(Number(order, "difference"), 0, 1e-12);
            Assert.True(Number(order, "batched_nodes") < Number(order, "differentiated_nodes"));
        }
    }

    [Fact]
    public void Norms_are_those_of_the_gradients_one_by_one_and_the_Hessian_that_of_their_difference()
    {
        JsonElement derivatives = Root.GetProperty("gradient_evaluation").GetProperty("derivatives");
        Assert.Equal(Number(derivatives, "examples"), derivatives.GetProperty("norms").GetArrayLength());
        Assert.InRange(Number(derivatives, "norm_difference"), 0, 1e-10);
        Assert.InRange(Number(derivatives, "hessian_difference"), 0, 1e-5);
    }

    [Fact]
    public void The_padded_network_has_the_same_gradient_and_computes_more_rows()
    {
        JsonElement indices = Root.GetProperty("indices");
        Assert.InRange(Number(indices, "difference"), 0, 1e-5);
        JsonElement[] writings = [.. indices.GetProperty("writings").EnumerateArray()];
        Assert.Equal(4, writings.Length);
        Assert.True(Number(writings[2], "rows_per_word") > 1.2);
        Assert.All(writings[..2], own => Assert.True(Number(writings[2], "lines") > 3 * Number(own, "lines")));
        Assert.All(writings[..2], own => Assert.Equal(1, Number(own, "rows_per_word")));
    }

    [Fact]
    public void The_points_of_the_curve_are_those_of_the_numbers()
    {
        double[] packed = [.. Root.GetProperty("efficiency").GetProperty("products").EnumerateArray()
            .Where(point => Number(point, "h") == 512 && Number(point, "threads") == 1).Select(point => Number(point, "packed"))];
        XElement chart = XElement.Parse(tour.SvgTitled("Rate of Y = X·Wᵀ"));
        double[] heights = [.. chart.Elements().Where(element => (string?)element.Attribute("class") == "point f3").Select(point => Number(point, "cy"))];
        Assert.Equal(packed.Length, heights.Length);

        // The axis begins at 0, so heights above the bottom are proportional to the rates.
        double bottom = chart.Elements().Where(element => (string?)element.Attribute("class") == "axis").Max(line => Number(line, "y1"));
        int largest = Array.IndexOf(packed, packed.Max());
        Assert.All(packed.Zip(heights), point => Assert.Equal(point.First / packed[largest], (bottom - point.Second) / (bottom - heights[largest]), 0.002));
    }

    [Fact]
    public void The_source_shown_is_the_source_that_ran()
    {
        Assert.Contains("ComputeBatch", tour.Html, StringComparison.Ordinal);
        Assert.Contains("MatrixLoss", tour.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("#region", tour.Html, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_picture_is_also_a_file_that_stands_by_itself()
    {
        Assert.True(tour.Pictures.Count >= 20);
        Assert.All(tour.Pictures, picture => Assert.Contains("prefers-color-scheme", XElement.Parse(picture.Svg).ToString(), StringComparison.Ordinal));
        Assert.Contains(tour.Pictures, picture => picture.Name == "minibatch-1.svg");
    }

    [Fact]
    public void A_folder_that_does_not_exist_is_an_error_before_anything_is_measured()
    {
        CommandResult result = CommandResult.Of("tour", "--quick", "--out", Path.Combine(Path.GetTempPath(), "no", "such", "folder", "tour.html"));
        Assert.Equal(ExitCodes.Failure, result.ExitCode);
        Assert.Contains("cannot be written", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("measuring", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_in_place_of_the_folder_for_pictures_is_an_error_before_anything_is_measured()
    {
        string file = typeof(TourTests).Assembly.Location;
        CommandResult result = CommandResult.Of("tour", "--quick", "--pictures", file);
        Assert.Equal((ExitCodes.Failure, $"Error: --pictures {file}: is a file; a directory is expected.\n"), (result.ExitCode, result.Error));
    }

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    private static double Number(XElement element, string attribute) => double.Parse((string?)element.Attribute(attribute) ?? "0", CultureInfo.InvariantCulture);
}

/// <summary>One quick tour, for all tests of it.</summary>
public sealed class TourFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TourFixture()
    {
        Page = _folder.File("tour.html");
        Result = CommandResult.Of("tour", "--quick", "--out", Page, "--json", _folder.File("tour.json"), "--pictures", _folder.File("pictures"));
        Pictures = Directory.Exists(_folder.File("pictures")) ? [.. Directory.GetFiles(_folder.File("pictures")).Select(file => (Path.GetFileName(file), File.ReadAllText(file)))] : [];
        if (Result.ExitCode != ExitCodes.Success)
            throw new InvalidOperationException(Result.Error);

        Html = File.ReadAllText(Page);
        Numbers = JsonDocument.Parse(File.ReadAllText(_folder.File("tour.json")));
    }

    internal CommandResult Result { get; }

    public string Page { get; }

    public string Html { get; }

    public JsonDocument Numbers { get; }

    public IReadOnlyList<(string Name, string Svg)> Pictures { get; }

    /// <summary>The first picture whose title begins so.</summary>
    public string SvgTitled(string title)
    {
        int at = Html.IndexOf($"<title>{title}", StringComparison.Ordinal), start = Html.LastIndexOf("<svg", at, StringComparison.Ordinal);
        return Html[start..(Html.IndexOf("</svg>", at, StringComparison.Ordinal) + "</svg>".Length)];
    }

    public void Dispose()
    {
        Numbers.Dispose();
        _folder.Dispose();
    }
}
