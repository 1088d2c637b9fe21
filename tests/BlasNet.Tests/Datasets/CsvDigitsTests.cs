using System.Globalization;
using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets;

public sealed class CsvDigitsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_row_is_pixels_then_label()
    {
        Digit digit = Assert.Single(CsvDigits.Read(_folder.Write("d.csv", "0,51,255,7\n")));

        Assert.Equal(7, digit.Label);
        Assert.Equal([0, 0.2f, 1], digit.Pixels.ToArray());
    }

    [Fact]
    public void The_label_may_come_first()
    {
        Digit digit = Assert.Single(CsvDigits.Read(_folder.Write("d.csv", "7,0,16"), maximum: 16, LabelColumn.First));

        Assert.Equal(7, digit.Label);
        Assert.Equal([0, 1], digit.Pixels.ToArray());
    }

    [Theory]
    [InlineData("label,p1,p2\n3,1,2\n", 3)]
    [InlineData("p1,p2,\"Label\"\r\n1,2,3\r\n", 3)]
    [InlineData("p1,p2,class\n1,2,3\n", 3)]
    public void A_heading_is_skipped_and_may_name_the_label(string text, int label) =>
        Assert.Equal(label, Assert.Single(CsvDigits.Read(_folder.Write("d.csv", text), maximum: 3)).Label);

    [Theory]
    [InlineData("0,1,label\n3,1,2\n", LabelColumn.Auto, 2)]
    [InlineData("label,0,1\n3,1,2\n", LabelColumn.Auto, 3)]
    [InlineData("label,0,1\n3,1,2\n", LabelColumn.Last, 2)]
    [InlineData("0,1,2\n3,1,2\n", LabelColumn.First, 3)]
    public void A_heading_with_numbers_is_one_if_that_is_said(string text, LabelColumn column, int label) =>
        Assert.Equal(label, Assert.Single(CsvDigits.Read(_folder.Write("d.csv", text), maximum: 3, column, heading: true)).Label);

    [Fact]
    public void The_column_that_is_asked_for_counts_whatever_a_heading_says() =>
        Assert.Equal(2, Assert.Single(CsvDigits.Read(_folder.Write("d.csv", "label,a,b\n3,1,2\n"), maximum: 3, LabelColumn.Last)).Label);

    [Fact]
    public void Labels_may_be_above_9() => Assert.Equal(46, Assert.Single(CsvDigits.Read(_folder.Write("d.csv", "1,2,46\n"))).Label);

    [Fact]
    public void Spaces_decimals_exponents_and_empty_lines_are_accepted()
    {
        Digit[] digits = [.. CsvDigits.Read(_folder.Write("d.csv", "\n 0.25 , 1e-1,\t2\n\n+0.5,1.0,3.0\n".Replace("\t", " ")), maximum: 1)];

        Assert.Equal([2, 3], digits.Select(digit => digit.Label));
        Assert.Equal([0.25f, 0.1f, 0.5f, 1], digits.SelectMany(digit => digit.Pixels.ToArray()));
    }

    [Fact]
    public void Gzipped_rows_are_read_the_same() =>
        Assert.Equal(4, Assert.Single(CsvDigits.Read(_folder.Write("d.csv", TemporaryFolder.Gzip("1,2,4"u8)))).Label);

    [Theory]
    [InlineData("", ": has no rows; rows of pixels and a label are expected")]
    [InlineData("\n\n", ": has no rows; rows of pixels and a label are expected")]
    [InlineData("p1,p2,label\n", ": has no rows; rows of pixels and a label are expected")]
    [InlineData("7\n", ":1: one column only; pixels and a label, separated by commas, are expected")]
    [InlineData("1,2,3\n1,2\n", ":2: 3 columns expected as in the first row, got 2")]
    [InlineData("1,2,3\n\n1,2,3,4,5\n", ":3: 3 columns expected as in the first row, got 5")]
    [InlineData("1,2,3\n1,x,3\n", ":2: column 2: 'x' is not a number")]
    [InlineData("1,2,3\n1,,3\n", ":2: column 2: '' is not a number")]
    [InlineData("1,2,3\n1,\u0007abcdefghijklmnopqrstuvwxyz,3\n", ":2: column 2: '?abcdefghijklmnopqrs…' is not a number")]
    [InlineData("1,2,65536\n", ":1: column 3: label 65536 is not one of 0…65535")]
    [InlineData("1,2,-1\n", ":1: column 3: label -1 is not one of 0…65535")]
    [InlineData("1,2,2.5\n", ":1: column 3: label 2.5 is not one of 0…65535")]
    [InlineData("1,2,NaN\n", ":1: column 3: label NaN is not one of 0…65535")]
    [InlineData("1,256,0\n", ":1: column 2: pixel 256 is outside 0…255")]
    [InlineData("-0.5,1,0\n", ":1: column 1: pixel -0.5 is outside 0…255")]
    [InlineData("NaN,1,0\n", ":1: column 1: pixel NaN is outside 0…255")]
    public void Malformed_rows_are_named_by_file_line_and_rule(string text, string error)
    {
        string path = _folder.Write("bad.csv", text);

        Assert.Equal(path + error, Assert.Throws<DataFormatException>(() => CsvDigits.Read(path).Count()).Message);
    }

    [Fact]
    public void Numbers_are_read_the_same_under_every_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat.NumberDecimalSeparator = ",";

        try
        {
            CultureInfo.CurrentCulture = comma;
            string path = _folder.Write("d.csv", "0.5,1.5,0\n");

            Assert.Equal($"{path}:1: column 2: pixel 1.5 is outside 0…1",
                Assert.Throws<DataFormatException>(() => CsvDigits.Read(path, maximum: 1).Count()).Message);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Rows_are_read_while_they_are_enumerated()
    {
        string path = _folder.Write("d.csv", "1,2,3\nbroken\n");

        Assert.Equal(3, CsvDigits.Read(path).First().Label);
    }

    public void Dispose() => _folder.Dispose();
}
