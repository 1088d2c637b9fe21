using BlasNet.Cli.CommandLine;

namespace BlasNet.Tests.Cli;

/// <summary>Arguments from a file: <c>@FILE</c>.</summary>
[Collection(CommandLineTests.Name)]
public sealed class ResponseFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("a b\n c\n", "a", "b", "c")]
    [InlineData("# comment\n\n--data \"a b.csv\"\r\n", "--data", "a b.csv")]
    [InlineData("\uFEFFa", "a")]
    [InlineData("@ -- @x", "@", "--", "@x")]
    [InlineData("")]
    public void Its_words_are_arguments(string text, params string[] expected) =>
        Assert.Equal(["first", .. expected, "last"], ResponseFile.Expand(["first", "@" + _folder.Write("args", text), "last"]));

    [Fact]
    public void A_file_may_name_another_one_more_than_once()
    {
        string inner = _folder.Write("inner", "x y"), outer = _folder.Write("outer", $"\"@{inner}\" z \"@{inner}\"");

        Assert.Equal(["x", "y", "z", "x", "y"], ResponseFile.Expand(["@" + outer]));
    }

    [Fact]
    public void A_file_that_refers_to_itself_is_refused_however_it_does()
    {
        string self = _folder.File("self"), first = _folder.File("first"), second = _folder.File("second"), link = _folder.File("link");
        _folder.Write("self", $"\"@{self}\"");
        _folder.Write("first", $"a \"@{second}\"");
        _folder.Write("second", $"\"@{link}\" b");
        File.CreateSymbolicLink(link, first);

        AssertRefused(self, "refers to itself.");
        Assert.Equal($"@{link}: refers to itself, by way of {second}.", Assert.Throws<ResponseFileException>(() => ResponseFile.Expand(["@" + first])).Message);
    }

    [Fact]
    public void Files_that_name_each_other_again_and_again_come_to_an_end()
    {
        for (int level = 0; level < 30; level++)
        {
            string next = _folder.File($"{level + 1}");
            _folder.Write($"{level}", $"\"@{next}\" \"@{next}\"");
        }

        _folder.Write("30", "x");
        Assert.EndsWith(": is one of more than 1,000 files of arguments.", Assert.Throws<ResponseFileException>(() => ResponseFile.Expand(["@" + _folder.File("0")])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_file_of_arguments_is_refused()
    {
        AssertRefused(_folder.Path, "is a directory; a file of arguments is expected.");
        AssertRefused(_folder.File("none"), "does not exist.");
        AssertRefused(_folder.Write("binary", [1, 2, 3]), "is not text: character 1 is a control character.");
        AssertRefused(_folder.Write("latin", [(byte)'a', 0xE4, (byte)'b']), "is not text: byte 1 is not UTF-8.");
        AssertRefused(_folder.Write("long", new string('a', (1 << 20) + 1)), "is longer than 1,048,576 bytes; arguments are expected.");
    }

    [Fact]
    public void An_error_is_one_line_and_exit_code_2()
    {
        CommandResult result = CommandResult.Of("doctor", "@" + _folder.Path);

        Assert.Equal((ExitCodes.Usage, "", $"Error: @{_folder.Path}: is a directory; a file of arguments is expected.\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public void Its_options_count_as_if_they_were_typed()
    {
        CommandResult result = CommandResult.Of("train", "digits", "@" + _folder.Write("args", "--limit 40 # a comment\n--batch 0"));

        Assert.StartsWith("Error: --batch 0: must be", result.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static void AssertRefused(string file, string rule) =>
        Assert.Equal($"@{file}: {rule}", Assert.Throws<ResponseFileException>(() => ResponseFile.Expand(["@" + file])).Message);
}
