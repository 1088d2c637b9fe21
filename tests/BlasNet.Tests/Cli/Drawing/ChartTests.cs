using System.Globalization;
using System.Xml.Linq;
using BlasNet.Cli.Drawing;

namespace BlasNet.Tests.Cli.Drawing;

public sealed class ChartTests
{
    [Theory]
    [InlineData(0, 0, 97, 6, "0 20 40 60 80 100")]
    [InlineData(10, 3e-9, 9e-4, 5, "10⁻⁹ 10⁻⁷ 10⁻⁵ 10⁻³")]
    [InlineData(2, 1, 200, 20, "1 2 4 8 16 32 64 128 256")]
    public void Ticks_enclose_the_values_and_are_round_numbers(int logBase, double low, double high, int most, string labels)
    {
        var axis = new ChartAxis("", logBase);
        Assert.Equal(labels, string.Join(' ', axis.TicksFor([low, high], most).Select(axis.Label)));
    }

    [Fact]
    public void Points_lie_where_the_axes_say_and_names_do_not_overlap()
    {
        var chart = new Chart("Title & <tag>", "Finding", new ChartAxis("x", 2), new ChartAxis("y", 10),
        [
            new ChartSeries("one", [(1, 10), (4, 100)], 1),
            new ChartSeries("two", [(1, 1000), (4, 101)], 2),
        ]);
        XElement svg = XElement.Parse(chart.ToSvg(600, 400, complete: true));
        XNamespace ns = "http://www.w3.org/2000/svg";
        double[] ys = [.. svg.Elements(ns + "circle").Select(circle => Number(circle, "cy"))];
        double[] xs = [.. svg.Elements(ns + "circle").Select(circle => Number(circle, "cx"))];
        Assert.Equal(ys[0] - ys[1], ys[1] - ys[2], 0.1); // 10, 100, 1000 are equally far apart
        Assert.Equal((xs[0], xs[1]), (xs[2], xs[3]));
        double[] names = [.. svg.Elements(ns + "text").Where(text => (string?)text.Attribute("class") is "name f1" or "name f2").Select(text => Number(text, "y"))];
        Assert.True(Math.Abs(names[0] - names[1]) >= 16, "the names overlap");
        Assert.Equal("Title & <tag>", svg.Element(ns + "title")!.Value);
        Assert.Equal("img", (string?)svg.Attribute("role"));
    }

    [Fact]
    public void Bars_are_as_long_as_their_values()
    {
        XElement svg = XElement.Parse(new BarChart("t", "d", [new Bar("a", 1, "1 s", 1), new Bar("b", 4, "4 s", 2)]).ToSvg());
        double[] lengths = [.. svg.Elements("{http://www.w3.org/2000/svg}rect").Select(bar => Number(bar, "width"))];
        Assert.Equal(4, lengths[1] / lengths[0], 0.01);
    }

    private static double Number(XElement element, string attribute) => double.Parse((string)element.Attribute(attribute)!, CultureInfo.InvariantCulture);
}
